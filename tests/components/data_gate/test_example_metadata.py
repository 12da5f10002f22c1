from pathlib import Path

import pytest
import tensorflow as tf

from components.data_gate.example_metadata import read_metadata
from models.records import Records, index


def splits_of(folder: Path) -> list[Records]:
    return [index(split) for split in sorted(folder.glob("Split-*"))]


def test_columns_of_every_file_are_read(example_folder: Path) -> None:
    found = read_metadata(splits_of(example_folder), ["site"])
    assert {len(column) for column in (found.labels, found.patients, found.width, found.height, found.slices["site"])} == {312}
    assert set(found.labels.tolist()) == {"normal", "nodule", "effusion"}
    assert set(found.slices["site"].tolist()) == {"north", "south", "unknown"}
    assert (found.width.dtype, set(found.height.tolist())) == ("int64", {16})


def test_no_file_gives_no_image() -> None:
    assert len(read_metadata([], ["site"]).labels) == 0


def test_absent_column_is_refused(example_folder: Path) -> None:
    with pytest.raises(tf.errors.InvalidArgumentError, match="scanner"):
        read_metadata(splits_of(example_folder), ["scanner"])
