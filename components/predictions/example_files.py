"""The example files of a split, read in the order in which they were written."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import tensorflow as tf
from tfx.types import Artifact, artifact_utils


def example_files(examples: Sequence[Artifact], split: str) -> list[str]:
    """Return the paths of a split's files, sorted."""
    folders = artifact_utils.get_split_uris(list(examples), split)
    return sorted(str(file) for folder in folders for file in Path(folder).iterdir() if file.is_file())


def records(files: Iterable[str]) -> tf.data.Dataset:
    """Return the serialised examples of files, those named .gz unpacked."""
    dataset = tf.data.Dataset.from_tensor_slices(tf.constant(list(files), tf.string))
    return dataset.flat_map(_records_of_file)


def count(files: Iterable[str]) -> int:
    """Return how many examples the files hold."""
    return int(records(files).reduce(tf.constant(0, tf.int64), lambda seen, _: seen + 1).numpy())


def _records_of_file(file: tf.Tensor) -> tf.data.Dataset:
    packed = tf.strings.regex_full_match(file, r".*\.gz")
    return tf.data.TFRecordDataset(file, compression_type=tf.where(packed, "GZIP", ""))
