"""Arithmetic of the comparison, and the contenders on a few images."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from bench.images import make_images
from bench.ingest import INGEST, ON_ONE_CORE, RAW, Trial, cores, figures, run_contender, trial_of
from bench.process_tree import Measured

GIB = 2**30


def test_speed_is_of_the_work_alone() -> None:
    done = Measured(20.0, 30.0, GIB, 'noise\n{"images": 100, "seconds": {"work": 4.0}}\n', 0)
    assert trial_of(RAW, 100, done) == Trial(RAW, 100, 4.0, GIB)
    assert trial_of(RAW, 100, done).images_per_second == 25


def test_contender_that_left_images_out_has_no_speed() -> None:
    done = Measured(20.0, 30.0, GIB, json.dumps({"images": 99, "seconds": {"work": 4.0}}), 0)
    with pytest.raises(SystemExit, match="worked on 99 images; expected 100"):
        trial_of(INGEST, 100, done)


def test_figures_are_medians_and_their_ratios() -> None:
    trials = [Trial(INGEST, 100, seconds, GIB) for seconds in (5.0, 10.0, 4.0)]
    found = figures([*trials, Trial(RAW, 100, 4.0, GIB // 2)])
    assert found["ingest, images per second, 100 images"] == 20
    assert found["ingest / raw, images per second, 100 images"] == pytest.approx(0.8)
    assert not [name for name in found if name.startswith("ingest memory")]


def test_growth_of_memory_is_told_from_two_sizes() -> None:
    found = figures([Trial(INGEST, 1000, 5.0, GIB), Trial(INGEST, 20_000, 100.0, GIB * 11 // 10)])
    assert found["ingest memory, 20000 / 1000 images"] == pytest.approx(1.1)


@pytest.mark.parametrize("contender", [INGEST, RAW])
def test_gain_of_the_cores_is_told(contender: str) -> None:
    found = figures([Trial(contender, 100, 5.0, GIB), Trial(ON_ONE_CORE[contender], 100, 9.0, GIB)])
    assert found[f"{contender} on all cores / on one, images per second, 100 images"] == pytest.approx(1.8)


def test_processes_started_within_are_held_to_so_many_cores() -> None:
    allowed = os.sched_getaffinity(0)
    counting = [sys.executable, "-c", "import os; print(len(os.sched_getaffinity(0)))"]
    with cores(1):
        assert int(subprocess.check_output(counting)) == 1
    assert os.sched_getaffinity(0) == allowed


@pytest.mark.parametrize("contender", [INGEST, RAW])
def test_contender_works_on_every_image(contender: str, tmp_path: Path) -> None:
    trial = run_contender(contender, make_images(tmp_path, 6), 6)
    assert trial.seconds > 0
    assert trial.peak_memory > GIB // 10
