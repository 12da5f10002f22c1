"""The least that any ingest must do: read each JPEG of a manifest, decode it, shrink it, on all cores; nothing is kept."""

import argparse
import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import tensorflow as tf

from bench.images import read_manifest
from components.image_example_gen.image_reader import decoding_threads

SIZE = 224


@tf.function(input_signature=[tf.TensorSpec([], tf.string)], autograph=False)
def shrunk(encoded: tf.Tensor) -> tf.Tensor:
    """Return uint8 [SIZE, SIZE, 3] of a JPEG file, by the quality that ingest decodes with."""
    pixels = tf.io.decode_jpeg(encoded, 3, dct_method="INTEGER_ACCURATE")
    return tf.cast(tf.raw_ops.ResizeArea(images=pixels[tf.newaxis], size=[SIZE, SIZE])[0], tf.uint8)


def decode_all(manifest: Path) -> int:
    """Decode every image of a manifest; return how many."""
    paths = [manifest.parent / row.path for row in read_manifest(manifest)]
    with ThreadPoolExecutor(decoding_threads()) as pool:
        return sum(pixels.shape[0] == SIZE for pixels in pool.map(lambda path: shrunk(tf.constant(path.read_bytes())), paths))


def main() -> None:
    """Decode the manifest's images and print the seconds as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("manifest", type=Path)
    manifest = parser.parse_args().manifest
    begin = time.monotonic()
    images = decode_all(manifest)
    print(json.dumps({"images": images, "seconds": {"work": time.monotonic() - begin}}))


if __name__ == "__main__":
    main()
