from pathlib import Path

import tensorflow as tf
from tfx.types import Artifact

from components.data_gate.stored_images import StoredImages


def test_only_the_rows_that_are_asked_for_are_read(examples: Artifact) -> None:
    found = StoredImages([examples]).grey({"train": {1, 3}, "val": set(), "test": {200, 999_999}})
    assert set(found) == {1, 3, 200}


def test_grey_values_are_those_of_the_stored_image(examples: Artifact, example_folder: Path) -> None:
    file = sorted((example_folder / "Split-test").iterdir())[0]
    feature = tf.train.Example.FromString(next(tf.data.TFRecordDataset(str(file)).as_numpy_iterator())).features.feature
    row = feature["row"].int64_list.value[0]
    stored = tf.io.decode_png(feature["image"].bytes_list.value[0]).numpy()
    found = StoredImages([examples]).grey({"test": {row}})
    assert found[row].tolist() == stored.ravel().tolist()
