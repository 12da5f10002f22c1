"""Contender (a): the bare Keras script. Decode, resize, cache, fit, evaluate, export; nothing else."""

import argparse
import json
import time
from pathlib import Path

import keras
import tensorflow as tf

from bench.images import CLASSES, of_split, read_manifest
from models import zoo

SIDE = 224
BATCH = 32


def dataset(manifest: Path, split: str) -> tf.data.Dataset:
    """Return decoded images and labels of a split, kept in memory as uint8 once they were read."""
    paths, labels = zip(*of_split(read_manifest(manifest), split), strict=True)

    def load(path: tf.Tensor, label: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        pixels = tf.image.resize(tf.io.decode_jpeg(tf.io.read_file(path), channels=3), (SIDE, SIDE))
        return tf.cast(pixels, tf.uint8), label

    files = tf.data.Dataset.from_tensor_slices(([str(manifest.parent / path) for path in paths], list(labels)))
    return files.map(load, num_parallel_calls=tf.data.AUTOTUNE).cache()


def to_float(pixels: tf.Tensor, label: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Scale pixels to 0 to 1."""
    return tf.cast(pixels, tf.float32) / 255.0, label


def main() -> None:
    """Train, evaluate and export; the last line is the seconds of each phase as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("manifest", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--precision", choices=("float32", "mixed_bfloat16"), default="float32")
    wanted = parser.parse_args()
    keras.utils.set_random_seed(1)

    begin = time.monotonic()
    train, val, test = (dataset(wanted.manifest, split) for split in ("train", "val", "test"))
    batches = train.shuffle(1000, seed=1).repeat().batch(BATCH).map(to_float).prefetch(2)
    model = zoo.build("article_cnn", (SIDE, SIDE, 3), len(CLASSES), dtype=wanted.precision)
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(batches, steps_per_epoch=wanted.steps, validation_data=val.batch(BATCH).map(to_float), verbose=0)
    fitted = time.monotonic()
    _, accuracy = model.evaluate(test.batch(BATCH).map(to_float), verbose=0)
    evaluated = time.monotonic()
    model.export(wanted.folder / "model", verbose=False)
    seconds = {"decode and fit": fitted - begin, "evaluate": evaluated - fitted, "export": time.monotonic() - evaluated}
    print(json.dumps({"seconds": seconds, "accuracy": float(accuracy)}))


if __name__ == "__main__":
    main()
