"""Arithmetic of the comparison, and the contenders on a few images."""

from pathlib import Path

import pytest

from bench.batch import BATCH, CONTENDERS, SCRIPT, Trial, figures, make_version, run_contender, trial_of
from bench.images import make_images
from bench.process_tree import Measured

GIB = 2**30


def test_figures_are_medians_by_size() -> None:
    trials = [Trial(BATCH, 100, seconds, 20.0, GIB) for seconds in (5.0, 10.0, 4.0)]
    found = figures([*trials, Trial(SCRIPT, 100, 2.0, 4.0, GIB // 2)])
    assert found["medtfx batch, images per second, 100 images"] == 20
    assert found["medtfx batch, images per processor second, 100 images"] == 5
    assert found["script, peak memory in GiB, 100 images"] == pytest.approx(0.5)


def test_contender_that_left_images_out_has_no_speed() -> None:
    with pytest.raises(SystemExit, match="predicted 99 images; expected 100"):
        trial_of(SCRIPT, Measured(1.0, 1.0, GIB, "", 0), rows=99, images=100)


def test_contenders_predict_the_same_images(tmp_path: Path) -> None:
    images = make_images(tmp_path, 5).parent / "images"
    version = make_version(tmp_path / "model", 32)
    assert make_version(tmp_path / "model", 32) == version
    trials = [run_contender(name, images, version) for name in CONTENDERS]
    assert [trial.images for trial in trials] == [5, 5]
