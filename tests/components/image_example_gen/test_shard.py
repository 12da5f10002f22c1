import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

from components.image_example_gen.account import RowAccount
from components.image_example_gen.shard import (
    Ingested,
    Shard,
    account_file,
    examples_file,
    in_order,
    is_done,
    read_accounts,
    write_shard,
    written_files,
)
from models.features import SPLITS

SHARD = Shard(3, 16)
INGESTED: list[Ingested] = [
    (RowAccount(1, "f1", "p1", "train", "ill", "d1"), b"one"),
    (RowAccount(2, "f2", "p2", "test", "ill", "d2"), b"two"),
    (RowAccount(3, "f3", None, None, "ill", None, "quarantined", "no_patient"), None),
    (RowAccount(4, "f4", "p1", "train", "ill", "d4"), b"four"),
]


# Waits for a file; a test has no other word for a process that it has started.
WAIT = """
import sys, time
from pathlib import Path
def wait_for(path):
    while not path.exists():
        time.sleep(0.001)
"""
# Writes the shard into the folder of argv; says so after half of the rows, and goes on when it is told.
ATTEMPT = f"""
{WAIT}
from components.image_example_gen.account import RowAccount
from components.image_example_gen.shard import Shard, write_shard
def slowly():
    for position, ingested in enumerate({INGESTED!r}):
        yield ingested
        if position == 1:
            print("half", flush=True)
            wait_for(Path(sys.argv[2]))
write_shard(Path(sys.argv[1]), {SHARD!r}, slowly())
"""


def records(path: Path) -> list[bytes]:
    return [record.numpy() for record in tf.data.TFRecordDataset(str(path))]


def test_written_shard_has_a_file_per_split_and_its_account(tmp_path: Path) -> None:
    write_shard(tmp_path, SHARD, INGESTED)
    assert is_done(tmp_path, SHARD)
    assert records(tmp_path / "Split-train/data_tfrecord-00003-of-00016") == [b"one", b"four"]
    assert records(examples_file(tmp_path, "test", SHARD)) == [b"two"]
    assert records(examples_file(tmp_path, "val", SHARD)) == []
    assert list(read_accounts(tmp_path, [SHARD])) == [account for account, _ in INGESTED]
    assert not list(tmp_path.rglob("*.part"))


def test_shard_that_broke_off_is_not_done_and_is_written_anew_and_swept(tmp_path: Path) -> None:
    def broken() -> Iterator[Ingested]:
        yield from INGESTED[:2]
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        write_shard(tmp_path, SHARD, broken())
    assert not is_done(tmp_path, SHARD)
    assert list(tmp_path.rglob("*.part"))
    write_shard(tmp_path, SHARD, INGESTED)
    assert is_done(tmp_path, SHARD)
    assert not list(tmp_path.rglob("*.part"))


def test_shard_that_two_processes_write_at_once_is_whole(start_program: Callable[..., Any], tmp_path: Path) -> None:
    folder, told = tmp_path / "shards", tmp_path / "told"
    other = start_program(ATTEMPT, folder, told)
    other.wait_for("half\n", "stdout")
    write_shard(folder, SHARD, INGESTED)
    assert not other.ended()
    told.touch()
    assert other.finish().code == 0
    assert is_done(folder, SHARD)
    assert [records(examples_file(folder, split, SHARD)) for split in SPLITS] == [[b"one", b"four"], [], [b"two"]]
    assert not list(folder.rglob("*.part"))


# Writes many shards into the folder of argv, as soon as it is told.
MANY = f"""
{WAIT}
from components.image_example_gen.account import RowAccount
from components.image_example_gen.shard import Shard, write_shard
print("ready", flush=True)
wait_for(Path(sys.argv[2]))
for index in range(400):
    write_shard(Path(sys.argv[1]), Shard(index, 400), {INGESTED!r})
"""


def test_attempts_that_sweep_one_another_at_any_point_all_end_well(start_program: Callable[..., Any], tmp_path: Path) -> None:
    folder, told = tmp_path / "shards", tmp_path / "told"
    attempts = [start_program(MANY, folder, told) for _ in "abc"]
    for attempt in attempts:
        attempt.wait_for("ready\n", "stdout")
    told.touch()
    assert [attempt.finish().code for attempt in attempts] == [0, 0, 0]
    shards = [Shard(index, 400) for index in range(400)]
    assert all(is_done(folder, shard) for shard in shards)
    written = [examples_file(folder, "train", shard) for shard in shards]
    assert len({path.read_bytes() for path in written}) == 1
    assert records(written[0]) == [b"one", b"four"]


@pytest.mark.parametrize("damage", ["cut", "removed", "account"])
def test_shard_that_lost_something_is_not_done(tmp_path: Path, damage: str) -> None:
    write_shard(tmp_path, SHARD, INGESTED)
    path = account_file(tmp_path, SHARD) if damage == "account" else examples_file(tmp_path, "train", SHARD)
    if damage == "removed":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-1])
    assert not is_done(tmp_path, SHARD)


def test_content_digest_follows_the_examples_alone(tmp_path: Path) -> None:
    for name, ingested in (("one", INGESTED), ("two", INGESTED), ("three", INGESTED[:2])):
        write_shard(tmp_path / name, SHARD, ingested)
    one, two, three = (written_files(tmp_path / name, SHARD) for name in ("one", "two", "three"))
    assert set(one) == set(SPLITS)
    assert one == two != three


def test_results_come_in_order_and_only_so_many_ahead() -> None:
    started: list[int] = []

    def work(task: int) -> int:
        started.append(task)
        time.sleep(0.002 * (task % 3))
        return task

    with ThreadPoolExecutor(4) as pool:
        for position, result in enumerate(in_order(pool, work, range(40), ahead=5)):
            assert result == position
            assert len(started) <= position + 6


def test_error_of_a_task_ends_the_rest() -> None:
    started: list[int] = []

    def work(task: int) -> int:
        started.append(task)
        if task == 3:
            raise ValueError("row 3")
        return task

    with ThreadPoolExecutor(2) as pool, pytest.raises(ValueError, match="row 3"):
        list(in_order(pool, work, range(1000), ahead=4))
    assert len(started) < 20
