"""What a user would write instead of `medtfx batch`: the exported model over a folder of JPEG files with tf.data, results to CSV.

One image that can't be decoded ends it, nothing is continued, and only JPEG is read.
"""

import argparse
import csv
from pathlib import Path

import tensorflow as tf


def main() -> None:
    """Predict every file of a folder and write a CSV file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("export", type=Path)
    parser.add_argument("results", type=Path)
    parser.add_argument("--batch", type=int, default=16)
    wanted = parser.parse_args()
    predict = tf.saved_model.load(str(wanted.export)).signatures["predict_image"]
    files = sorted(str(path) for path in wanted.folder.iterdir())
    contents = tf.data.Dataset.from_tensor_slices(files).map(lambda path: (path, tf.io.read_file(path)), tf.data.AUTOTUNE)
    with wanted.results.open("w", newline="") as file:
        writer = csv.writer(file)
        for paths, images in contents.batch(wanted.batch).prefetch(2):
            for path, shares in zip(paths.numpy(), predict(image=images)["probabilities"].numpy(), strict=True):
                writer.writerow([path.decode(), *shares])


if __name__ == "__main__":
    main()
