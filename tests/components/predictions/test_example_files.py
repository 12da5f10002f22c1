from pathlib import Path

import pytest
import tensorflow as tf
from tfx.types import Artifact, standard_artifacts

from components.predictions.example_files import count, example_files, records


def write(file: Path, *contents: bytes) -> str:
    """Write records into a file, packed if its name says so, and return its path."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with tf.io.TFRecordWriter(str(file), "GZIP" if file.suffix == ".gz" else "") as writer:
        for content in contents:
            writer.write(content)
    return str(file)


def read(*files: str) -> list[bytes]:
    return [record.numpy() for record in records(files)]


def artifact_of(folder: Path, split_names: str = '["val", "test"]') -> Artifact:
    examples = standard_artifacts.Examples()
    examples.uri, examples.split_names = str(folder), split_names
    return examples


def test_files_of_the_split_come_sorted(tmp_path: Path) -> None:
    written = [write(tmp_path / "Split-val" / f"data-{shard:02}", b"x") for shard in (10, 9, 2, 11)]
    write(tmp_path / "Split-test" / "data-00", b"x")
    assert example_files([artifact_of(tmp_path)], "val") == sorted(written)


def test_folders_are_no_files(tmp_path: Path) -> None:
    file = write(tmp_path / "Split-val" / "data", b"x")
    (tmp_path / "Split-val" / "more").mkdir()
    assert example_files([artifact_of(tmp_path)], "val") == [file]


def test_split_that_the_artifact_does_not_name_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"Split does not exist .*: val"):
        example_files([artifact_of(tmp_path, '["test"]')], "val")


def test_split_without_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="Split-val"):
        example_files([artifact_of(tmp_path)], "val")


def test_records_come_in_the_order_of_files_and_of_writing(tmp_path: Path) -> None:
    first, second = write(tmp_path / "b", b"3", b"1"), write(tmp_path / "a", b"2", b"0")
    assert read(first, second) == [b"3", b"1", b"2", b"0"]


def test_packed_and_plain_files_are_read_together(tmp_path: Path) -> None:
    files = [write(tmp_path / "plain", b"1"), write(tmp_path / "packed.gz", b"2"), write(tmp_path / "not.gz.really", b"3")]
    assert read(*files) == [b"1", b"2", b"3"]


@pytest.mark.parametrize("sizes", [[], [0], [3], [2, 0, 300]], ids=str)
def test_count_is_that_of_the_records_in_all_files(tmp_path: Path, sizes: list[int]) -> None:
    files = [write(tmp_path / str(number), *[b"x"] * size) for number, size in enumerate(sizes)]
    assert count(files) == len(read(*files)) == sum(sizes)


def test_cut_file_is_an_error_and_not_a_shorter_split(tmp_path: Path) -> None:
    file = Path(write(tmp_path / "data", b"first", b"second"))
    file.write_bytes(file.read_bytes()[:-3])
    with pytest.raises(tf.errors.DataLossError, match="truncated record"):
        count([str(file)])
