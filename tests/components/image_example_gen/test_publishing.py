import hashlib
from pathlib import Path

import pytest
import tensorflow as tf

from components.image_example_gen.account import RowAccount
from components.image_example_gen.manifest import ManifestRow
from components.image_example_gen.part import Part
from components.image_example_gen.plan import Plan, write_plan
from components.image_example_gen.pseudonym import Pseudonymizer
from components.image_example_gen.publishing import copy_records, publish_examples
from components.image_example_gen.settings import IngestSettings
from components.image_example_gen.shard import write_shard

ROWS = [ManifestRow(number, f"{number}.png", "ill", "p") for number in range(1, 7)]
SETTINGS = IngestSettings(classes=("ill",), key_id="00aa11bb", shard_rows=3)


def records(*files: Path) -> list[bytes]:
    return [record.numpy() for record in tf.data.TFRecordDataset(list(map(str, files)))]


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    """Two finished shards of three rows; odd rows are of train, even ones of test."""
    part, key = Part(tmp_path / "m.csv"), Pseudonymizer(bytes(32))
    plan = write_plan(part, ROWS, tmp_path / "work", settings=SETTINGS, pseudonymizer=key)
    for shard in plan.shards():
        numbers = plan.planned(shard.index)["row"].tolist()
        rows = [RowAccount(row, "f", "p", "train" if row % 2 else "test", "ill", "d") for row in numbers]
        write_shard(plan.work, shard, [(row, f"example {row.row}".encode()) for row in rows])
    return plan


def test_whole_shards_are_linked_and_the_digest_is_of_the_content(plan: Plan, tmp_path: Path) -> None:
    digests = {publish_examples([plan], tmp_path / name) for name in ("one", "two")}
    assert len(digests) == 1
    assert all(file.stat().st_nlink == 3 for file in tmp_path.glob("one/*/*"))
    assert sorted(records(*tmp_path.glob("one/*/*"))) == [f"example {number}".encode() for number in range(1, 7)]


def test_rows_that_are_left_out_are_in_no_file_and_the_rest_is(plan: Plan, tmp_path: Path) -> None:
    whole = publish_examples([plan], tmp_path / "whole")
    less = publish_examples([plan], tmp_path / "less", left_out={2, 5})
    assert less != whole
    assert sorted(records(*tmp_path.glob("less/Split-train/*"))) == [b"example 1", b"example 3"]
    assert sorted(records(*tmp_path.glob("less/Split-test/*"))) == [b"example 4", b"example 6"]
    assert sorted(records(*tmp_path.glob("whole/*/*"))) == [f"example {number}".encode() for number in range(1, 7)]


def test_an_earlier_attempt_is_replaced(plan: Plan, tmp_path: Path) -> None:
    (tmp_path / "out" / "Split-val").mkdir(parents=True)
    (tmp_path / "out" / "Split-val" / "leftover").touch()
    publish_examples([plan], tmp_path / "out")
    assert not list(tmp_path.rglob("leftover"))


def test_digest_of_a_copy_is_of_what_was_kept(tmp_path: Path) -> None:
    with tf.io.TFRecordWriter(str(tmp_path / "all")) as writer:
        for record in (b"a", b"b", b"c"):
            writer.write(record)
    assert copy_records(tmp_path / "all", tmp_path / "some", [True, False, True]) == hashlib.sha256(b"ac").hexdigest()
    assert records(tmp_path / "some") == [b"a", b"c"]
    with pytest.raises(ValueError, match="shorter"):
        copy_records(tmp_path / "all", tmp_path / "few", [True])
