import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from models import records


def write(path, contents, options=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    with tf.io.TFRecordWriter(str(path), options) as writer:
        for content in contents:
            writer.write(content)


@given(contents=st.lists(st.binary(max_size=50), max_size=12))
def test_any_record_reads_back_from_its_place(tmp_path_factory, contents):
    folder = tmp_path_factory.mktemp("records")
    write(folder / "data-0", contents[:5])
    write(folder / "data-1", contents[5:])
    found = records.index(folder)
    assert len(found) == len(contents)
    rows = np.arange(len(contents))[::-1]
    assert found.read(rows) == contents[::-1]


@pytest.mark.parametrize("size", [1, 3, 7, 100])
def test_batches_hold_every_record_once_in_order(tmp_path, size):
    contents = [b"%d" % number for number in range(7)]
    write(tmp_path / "data-0", contents[:4])
    write(tmp_path / "data-1", contents[4:])
    batches = list(records.index(tmp_path).batches(size))
    assert [record for batch in batches for record in batch] == contents
    assert {len(batch) for batch in batches[:-1]} <= {size}


def test_files_are_in_the_order_of_their_names_and_hidden_ones_left_out(tmp_path):
    write(tmp_path / "b", [b"2"])
    write(tmp_path / "a", [b"1"])
    write(tmp_path / ".part", [b"0"])
    assert records.index(tmp_path).read([0, 1]) == [b"1", b"2"]


def test_cut_file_is_refused(tmp_path):
    write(tmp_path / "data", [b"x" * 100])
    (tmp_path / "data").write_bytes((tmp_path / "data").read_bytes()[:-5])
    with pytest.raises(ValueError, match="expected a whole, uncompressed TFRecord file"):
        records.index(tmp_path)


def test_compressed_file_is_refused(tmp_path):
    write(tmp_path / "data.gz", [b"x" * 100], "GZIP")
    with pytest.raises(ValueError, match="expected a whole, uncompressed TFRecord file"):
        records.index(tmp_path)
