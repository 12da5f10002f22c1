"""Wrong words and wrong data: one clear message, a documented exit code, never a stack trace."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

pytestmark = pytest.mark.e2e


def drop_column(name: str):
    def change(rows: list[dict[str, str]]) -> None:
        for row in rows:
            del row[name]

    return change


def nothing_changed(rows: list[dict[str, str]]) -> None:
    """Leave the manifest as it is."""


@pytest.mark.parametrize("column", ["path", "label", "patient_id", "site"])
def test_missing_column_is_named_with_those_there_are(own_data, quickly, tmp_path: Path, column: str) -> None:
    done = quickly("run", own_data(drop_column(column)), "--root", tmp_path / "root")
    assert done.code == 2
    assert f"no column {column}; it has" in done.stderr


def test_missing_manifest(demo_config: Path, quickly, tmp_path: Path) -> None:
    done = quickly(
        "run", demo_config, "--root", tmp_path / "root", "--set", "data.source=null", "--set", "data.manifest=/nowhere/m.csv"
    )
    assert done.code == 2
    assert "/nowhere/m.csv: No such file or directory. Write one with `medtfx index`" in done.stderr


def test_absent_example_data(project: Path, start, tmp_path: Path) -> None:
    words = ("run", project / "configs/pneumoniamnist.yaml", "--root", tmp_path / "root")
    done = start(*words, environment={**os.environ, "MEDTFX_DATA": "/nowhere"}).finish()
    assert done.code == 2
    assert "Traceback" not in done.stderr
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


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Callable[[Path], Path]]:
    """Close a folder to writing until the test ends."""
    closed = []

    def close(folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o555)
        closed.append(folder)
        return folder

    yield close
    for folder in closed:
        folder.chmod(0o755)


def test_root_in_a_folder_without_write_permission(demo_config: Path, ordinary_medtfx, read_only, tmp_path: Path) -> None:
    root = read_only(tmp_path / "shared") / "root"
    done = ordinary_medtfx("run", demo_config, "--root", root)
    assert done.code == 2
    assert done.stderr == f"medtfx: {root}: can't be used as root: Permission denied. Choose another with --root.\n"


def test_manifest_in_a_folder_without_write_permission(demo_config: Path, ordinary_medtfx, read_only, tmp_path: Path) -> None:
    manifest = read_only(tmp_path / "archive") / "manifest.csv"
    done = ordinary_medtfx("run", demo_config, "--root", tmp_path / "root", "--set", f"data.manifest={manifest}")
    assert done.code == 2
    assert f"medtfx: {manifest.parent}" in done.stderr
    assert "Permission denied" in done.stderr


def test_key_that_has_no_place_beside_the_manifest(own_data, ordinary_medtfx, read_only, tmp_path: Path) -> None:
    config = own_data(nothing_changed)
    read_only(tmp_path / "data")
    done = ordinary_medtfx("run", config, "--root", tmp_path / "root", "--set", "data.pseudonym_key_file=null")
    assert done.code == 2
    assert "pseudonym.key: Permission denied. Name another place in data.pseudonym_key_file." in done.stderr


def test_help_answers_and_teaches(medtfx) -> None:
    done = medtfx("--help")
    assert done.code == 0
    assert all(word in done.stdout for word in ("run", "index", "doctor", "Exit codes"))
    assert "Example: medtfx run" in medtfx("run", "--help").stdout
