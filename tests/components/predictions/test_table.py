import tempfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from components.predictions.table import probabilities, probability_columns, read_table, schema, write_table

SHARES = st.tuples(st.integers(0, 5), st.integers(1, 13)).flatmap(
    lambda shape: arrays.arrays(np.float32, shape, elements=st.floats(width=32))
)


def table_of(shares: np.ndarray, **changed: list[str]) -> pa.Table:
    """Return a table with these probabilities."""
    texts = {name: ["x"] * len(shares) for name in ("image_key", "patient_key", "split", "label", "site", "model")} | changed
    columns = dict(zip(probability_columns(shares.shape[1]), shares.T, strict=True))
    return pa.table({**texts, "row": range(len(shares)), **columns}, schema=schema(["site"], shares.shape[1]))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a line for each split and model."""
    places = [(split, model) for split in ("val", "test") for model in ("candidate", "baseline")]
    splits, models = ([place[axis] for place in places] for axis in range(2))
    write_table(tmp_path, table_of(np.zeros((4, 2), np.float32), split=splits, model=models))
    return tmp_path


@given(SHARES)
def test_probabilities_come_back_bit_by_bit_in_the_order_of_classes(shares: np.ndarray) -> None:
    with tempfile.TemporaryDirectory() as name:
        write_table(Path(name), table_of(shares))
        found = probabilities(read_table(Path(name)))
    assert (found.dtype, found.shape) == (np.float32, shares.shape)
    assert found.tobytes() == shares.tobytes()


def test_order_of_columns_does_not_change_the_classes() -> None:
    table = table_of(np.array([[0.1, 0.2, 0.7]], np.float32))
    assert np.array_equal(probabilities(table.select(table.column_names[::-1])), probabilities(table))


def test_slice_column_that_begins_like_a_probability_is_none() -> None:
    table = table_of(np.array([[0.25, 0.75]], np.float32)).rename_columns({"site": "p_value"})
    assert probabilities(table).tolist() == [[0.25, 0.75]]


def test_missing_class_is_an_error_and_not_a_shift() -> None:
    table = table_of(np.zeros((1, 3), np.float32)).drop_columns("p_1")
    with pytest.raises(KeyError, match="p_1"):
        probabilities(table)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({}, [("val", "candidate"), ("val", "baseline"), ("test", "candidate"), ("test", "baseline")]),
        ({"split": "test"}, [("test", "candidate"), ("test", "baseline")]),
        ({"model": "baseline"}, [("val", "baseline"), ("test", "baseline")]),
        ({"split": "val", "model": "candidate"}, [("val", "candidate")]),
        ({"split": "train"}, []),
    ],
    ids=str,
)
def test_only_the_wanted_lines_are_read(folder: Path, wanted: dict[str, str], expected: list[tuple[str, str]]) -> None:
    table = read_table(folder, **wanted)
    assert list(zip(table.column("split").to_pylist(), table.column("model").to_pylist(), strict=True)) == expected


def test_folder_without_table_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"predictions\.parquet"):
        read_table(tmp_path)
