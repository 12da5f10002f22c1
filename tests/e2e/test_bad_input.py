"""Wrong words and wrong data: one clear message, a documented exit code, never a stack trace."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.e2e


def drop_column(name: str):
    def change(rows: list[dict[str, str]]) -> None:
        for row in rows:
            del row[name]

    return change


@pytest.mark.parametrize("column", ["path", "label", "patient_id", "site"])
def test_missing_column_is_named_with_those_there_are(own_data, medtfx, tmp_path: Path, column: str) -> None:
    done = medtfx("run", own_data(drop_column(column)), "--root", tmp_path / "root")
    assert done.code == 2
    assert f"no column {column}; it has" in done.stderr


def test_missing_manifest(demo_config: Path, medtfx, tmp_path: Path) -> None:
    done = medtfx(
        "run", demo_config, "--root", tmp_path / "root", "--set", "data.source=null", "--set", "data.manifest=/nowhere/m.csv"
    )
    assert done.code == 2
    assert "/nowhere/m.csv: No such file or directory. Write one with `medtfx index`" in done.stderr


def test_absent_example_data(project: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("medtfx"), "run", project / "configs/pneumoniamnist.yaml", "--root", tmp_path / "root"],
        capture_output=True, text=True, check=False, env={**os.environ, "MEDTFX_DATA": "/nowhere"},
    )  # fmt: skip
    assert done.returncode == 2
    assert "absent" in done.stderr
    assert "MEDTFX_DATA" in done.stderr


def test_empty_folder(medtfx, tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    done = medtfx("index", tmp_path / "images", "-o", tmp_path / "manifest.csv")
    assert done.code == 2
    assert not (tmp_path / "manifest.csv").exists()


def test_unknown_key(demo_config: Path, medtfx, tmp_path: Path) -> None:
    done = medtfx("run", demo_config, "--root", tmp_path / "root", "--set", "training.stepz=3")
    assert done.code == 2
    assert "training.stepz: unknown key; known here:" in done.stderr
    assert not (tmp_path / "root").exists()


def test_configuration_without_thresholds(demo_config: Path, medtfx, tmp_path: Path) -> None:
    done = medtfx("run", demo_config, "--root", tmp_path / "root", "--set", "evaluation.thresholds=[]")
    assert done.code == 2
    assert "evaluation.thresholds" in done.stderr


def test_error_is_told_in_json_too(medtfx) -> None:
    done = medtfx("run", "absent.yaml", "--json")
    assert done.code == done.result["exit_code"] == 2
    assert done.result["verdict"] == "failed"
    assert "absent.yaml: no such file" in done.result["failure"]


def test_missing_configuration(medtfx) -> None:
    done = medtfx("run", "absent.yaml")
    assert done.code == 2
    assert "absent.yaml: no such file" in done.stderr


def test_help_answers_and_teaches(medtfx) -> None:
    done = medtfx("--help")
    assert done.code == 0
    assert all(word in done.stdout for word in ("run", "index", "doctor", "Exit codes"))
    assert "Example: medtfx run" in medtfx("run", "--help").stdout
