"""`medtfx batch` as a process that is killed, interrupted, or runs out of disk."""

import json
import random
import resource
import signal
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

IMAGES, SHARD = 60, 5
KILLS = 6


@pytest.fixture(scope="module")
def words(load_test_module: Callable[[str], ModuleType], tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """A batch over small pictures, two of them damaged, without its output."""
    folder = tmp_path_factory.mktemp("batch")
    serving = load_test_module("pipeline/batch/small_model.py").push_versions(folder, 1)
    draw = np.random.default_rng(11)
    (folder / "archive").mkdir()
    for number in range(IMAGES):
        content = tf.io.encode_png(draw.integers(0, 256, (64, 48, 1), np.uint8)).numpy()
        end = 100 if number in (7, 31) else None
        (folder / "archive" / f"MRN{number:04}.png").write_bytes(content[:end])
    return ["batch", str(folder / "archive"), "--model", str(serving), "--batch", "2", "--shard", str(SHARD), "--json"]


@pytest.fixture(scope="module")
def undisturbed(words: list[str], medtfx: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """What a batch left that ran to its end, and what it said."""
    folder = tmp_path_factory.mktemp("undisturbed")
    return folder, medtfx(*words, "-o", folder / "results.csv")


def left(folder: Path) -> list[bytes]:
    """Return results and statement."""
    return [(folder / f"results.csv{end}").read_bytes() for end in ("", ".summary.json")]


def parts(folder: Path) -> dict[str, int]:
    """Return the parts that are there, each by its place on the disk."""
    return {part.name: part.stat().st_ino for part in folder.glob("results.csv.parts/*.part")}


def test_batch_tells_what_it_did_and_no_log_names_an_image(undisturbed: tuple[Path, Any]) -> None:
    folder, done = undisturbed
    assert (done.code, done.result["computed"]) == (3, IMAGES)
    assert done.result["counts"] == {"seen": IMAGES, "predicted": IMAGES - 2, "set_aside": {"truncated": 2}, "skipped": {}}
    assert "MRN" not in done.stderr + (folder / "results.csv.parts" / "batch.log").read_text()
    assert "MRN" not in json.dumps(done.result["counts"])


def test_killed_batch_continues_and_ends_as_an_undisturbed_one(
    words: list[str], undisturbed: tuple[Path, Any], start: Callable[..., Any], tmp_path: Path
) -> None:
    chance = random.Random(5)
    for _ in range(KILLS):
        before = parts(tmp_path)
        goes_on = start(*words, "-o", tmp_path / "results.csv")
        wanted = min(len(before) + 1, IMAGES // SHARD - 1)
        while len(parts(tmp_path)) < wanted and not goes_on.ended():
            time.sleep(0.005)
        time.sleep(chance.uniform(0, 0.02))
        assert goes_on.end(signal.SIGKILL).code in (-signal.SIGKILL, 3)
        after = parts(tmp_path)
        assert before.items() <= after.items()  # no finished shard was written again
    before = parts(tmp_path)
    done = start(*words, "-o", tmp_path / "results.csv").finish()
    assert done.code == 3, done.stderr
    assert done.result["computed"] <= IMAGES - SHARD * len(before)
    assert before.items() <= parts(tmp_path).items()
    assert left(tmp_path) == left(undisturbed[0])


def test_interrupted_batch_says_so_and_continues(
    words: list[str], undisturbed: tuple[Path, Any], start: Callable[..., Any], tmp_path: Path
) -> None:
    goes_on = start(*words, "-o", tmp_path / "results.csv")
    while not parts(tmp_path) and not goes_on.ended():
        time.sleep(0.002)
    done = goes_on.end(signal.SIGINT)
    assert (done.code, done.stdout) == (130, "")
    assert "batch and forget go on when repeated" in done.stderr
    assert start(*words, "-o", tmp_path / "results.csv").finish().code == 3
    assert left(tmp_path) == left(undisturbed[0])


@pytest.mark.parametrize("part", ["results", "shard"])
def test_full_disk_is_one_line_and_the_next_batch_continues(
    part: str, words: list[str], undisturbed: tuple[Path, Any], start: Callable[..., Any], tmp_path: Path
) -> None:
    whole = undisturbed[0]
    shards = [file.stat().st_size for file in whole.glob("results.csv.parts/*.part")]
    planned, most = (whole / "results.csv.parts" / "plan.jsonl").stat().st_size, max(shards)
    several = words if part == "results" else [*words, "--shard", str(IMAGES)]
    limit = planned + most
    assert limit < min((whole / "results.csv").stat().st_size, sum(shards))
    goes_on = start(*several, "-o", tmp_path / "results.csv")
    resource.prlimit(goes_on.pid, resource.RLIMIT_FSIZE, (limit, limit))
    done = goes_on.finish()
    assert (done.code, done.stdout) == (1, "")
    assert done.stderr.endswith("medtfx: stopped by the system: File too large. Put that right and run the same command again.\n")
    assert not (tmp_path / "results.csv").exists()
    assert not list(tmp_path.glob("results.csv.parts/.*"))
    assert start(*words, "-o", tmp_path / "results.csv").finish().code == 3
    assert left(tmp_path) == left(whole)
