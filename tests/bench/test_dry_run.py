from pathlib import Path

from bench import dry_run
from bench.process_tree import Measured
from pipeline.config_file import load


def test_medians_are_those_of_each_figure() -> None:
    runs = [Measured(wall, cpu, memory << 30, "", 0) for wall, cpu, memory in ((3, 9, 1), (1, 8, 3), (2, 7, 2))]
    assert dry_run.medians(runs) == {"wall_seconds": 2, "cpu_seconds": 8, "peak_memory_gib": 2}


def test_both_ways_get_the_same_valid_configuration(tmp_path: Path) -> None:
    config = dry_run.prepare(tmp_path, 30)
    assert load(config).kubeflow.image == dry_run.KUBEFLOW["image"]
    ways = [dry_run.command_of(way, config, tmp_path / "own") for way in (dry_run.RUN, dry_run.DRY_RUN)]
    assert all(str(config) in words and words[-2:] == ["--root", str(tmp_path / "own" / "root")] for words in ways)
