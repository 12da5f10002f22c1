import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipeline import root
from pipeline.errors import ConfigError
from pipeline.root import Root
from pipeline.run_history import PastRun, existing_root, past_run, past_runs


def test_runs_stand_in_the_order_of_time(root_with_runs: Root) -> None:
    runs = past_runs(root_with_runs)
    assert [(run.run_id, run.when) for run in runs] == [
        ("20260102T030405-1a2b", "2026-01-02 03:04:05"),
        ("20260103T030405-3c4d", "2026-01-03 03:04:05"),
    ]


def test_latest_run_is_the_default_and_the_beginning_of_an_id_is_enough(root_with_runs: Root) -> None:
    assert past_run(root_with_runs, None).run_id == "20260103T030405-3c4d"
    assert past_run(root_with_runs, "20260102").run_id == "20260102T030405-1a2b"


@pytest.mark.parametrize(("run_id", "words"), [("2026", "2 of 2 runs begin so"), ("1999", "0 of 2 runs begin so")])
def test_run_that_is_not_one_is_told(root_with_runs: Root, run_id: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        past_run(root_with_runs, run_id)


@pytest.mark.parametrize("damage", ["", "{", "[]", "{}"])
def test_report_that_was_cut_short_is_left_out(root_with_runs: Root, damage: str) -> None:
    (root_with_runs.artifacts / "RunReport/report/0/summary.json").write_text(damage)
    assert [run.run_id for run in past_runs(root_with_runs)] == ["20260102T030405-1a2b"]


@pytest.mark.parametrize("numbers", [("9", "10"), ("10", "9")])
def test_newest_of_several_reports_of_a_run_counts(root_with_runs: Root, numbers: tuple[str, str]) -> None:
    for number in numbers:
        folder = root_with_runs.artifacts / "RunReport" / "report" / number
        folder.mkdir()
        verdict = "pushed" if number == "10" else "failed"
        (folder / "summary.json").write_text(json.dumps({"run_id": "7f3a", "verdict": verdict}))
    (run,) = (run for run in past_runs(root_with_runs) if run.run_id == "7f3a")
    assert run.summary["verdict"] == "pushed"


def test_folder_that_is_no_root_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is no root of a run"):
        existing_root(tmp_path)
    assert not list(tmp_path.iterdir())


def test_root_without_a_report_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="holds no report of a run yet"):
        past_run(root.prepare(tmp_path / "root"), None)


def test_run_id_of_another_form_has_no_time() -> None:
    assert PastRun("my-run", {}).when == ""


@pytest.fixture
def closed_root(open_folder: Path) -> Path:
    """A root whose artifacts an ordinary user may not read."""
    (open_folder / "format").touch()
    (open_folder / "artifacts").mkdir(mode=0)
    return open_folder


def test_root_of_another_user_is_told(closed_root: Path, ordinary_user: None) -> None:
    with pytest.raises(ConfigError, match=r"Permission denied; expected a root that this user may read"):
        existing_root(closed_root)


def test_run_of_a_cluster_stands_where_its_report_was_written(root_with_runs: Root) -> None:
    """Its id is a UUID, which sorts by nothing."""
    folder = root_with_runs.artifacts / "RunReport" / "report" / "2"
    folder.mkdir()
    (folder / "summary.json").write_text(json.dumps({"run_id": "0a1b-uuid", "verdict": "pushed", "version": None}))
    assert past_runs(root_with_runs)[-1].run_id == "0a1b-uuid"
    between = datetime(2026, 1, 2, 12, tzinfo=UTC).timestamp()
    os.utime(folder / "summary.json", (between, between))
    assert [run.run_id for run in past_runs(root_with_runs)][1] == "0a1b-uuid"
