"""Arithmetic and configuration of the comparison."""

from pathlib import Path

import pytest

from bench.cost import MEDTFX, SCRIPT, STOCK, UNSEEN, Trial, grouped, judged, shown, trial_of, write_config
from bench.process_tree import Measured
from pipeline.config_file import load

GIB = 2**30


def trial(contender: str, seconds: float, *, images: int = 1000, gib: float = 1.0, ingest: float = 5.0) -> Trial:
    return Trial(contender, images, seconds, seconds, int(gib * GIB), {"ImageExampleGen": ingest, UNSEEN: seconds - ingest})


def test_medtfx_is_given_a_valid_configuration(tmp_path: Path) -> None:
    config = load(write_config(tmp_path / "manifest.csv", tmp_path, steps=30))
    assert (config.training.steps, config.training.model, config.image.size) == (30, "article_cnn", 224)


def test_phases_and_what_they_leave_sum_to_the_wall_time() -> None:
    done = Measured(10.0, 12.0, GIB, 'noise\n{"seconds": {"fit": 6.0, "export": 1.0}}\n', 0)
    assert dict(trial_of(SCRIPT, 1000, done).phases) == {"fit": 6.0, "export": 1.0, UNSEEN: 3.0}


def test_results_are_medians_of_the_runs() -> None:
    (result,) = grouped([trial(SCRIPT, seconds) for seconds in (30.0, 90.0, 40.0)])
    assert (result["seconds"], result["runs"]) == (40.0, 3)


def test_ratios_compare_runs_on_the_same_images() -> None:
    results = grouped([trial(SCRIPT, 30.0), trial(STOCK, 150.0), trial(MEDTFX, 45.0)])
    ratios = judged(results)
    assert ratios["medtfx / script, seconds, 1000 images"] == pytest.approx(1.5)
    assert ratios["medtfx / stock tfx, seconds, 1000 images"] == pytest.approx(0.3)
    assert ratios["medtfx ingest, images per second, 1000 images"] == pytest.approx(200)
    assert "medtfx / script, seconds, 1000 images: 1.50" in shown(results, ratios)


def test_growth_of_memory_is_told_from_two_sizes() -> None:
    results = grouped([trial(MEDTFX, 45.0, gib=1.5), trial(MEDTFX, 90.0, images=5000, gib=1.8)])
    assert judged(results)["medtfx memory, 5000 / 1000 images"] == pytest.approx(1.2, rel=1e-3)
