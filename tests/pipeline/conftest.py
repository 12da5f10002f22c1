"""A root with two runs, as their reports' summaries tell; a serving folder with two versions, and commands about it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from components.pusher.manifest import Provenance
from components.pusher.push import push
from pipeline import root
from pipeline.command_line import app
from pipeline.root import Root

FIRST, SECOND = "20260102T030405-1a2b", "20260103T030405-3c4d"


def summary(run_id: str, verdict: str, **changes: object) -> dict[str, object]:
    """Return what a report's summary says of a run."""
    split = {"images": 30, "patients": 12, "classes": {"ill": 15, "well": 15}}
    data = {
        **{"rows": 92, "examples": 90, "patient": "column", "patients": 36, "quarantined": {"truncated": 2}, "skipped": {}},
        **{"splits": {"train": split, "val": split, "test": split}},
        "indexed": {"files": 100, "used": 92, "rows": 92, "skipped": {"hidden": 8}},
    }
    quarantine = [{"row": row, "file": f"{row:032x}", "reason": "truncated"} for row in (7, 9)]
    known = {"run_id": run_id, "verdict": verdict, "version": None, "data": data, "quarantine": quarantine}
    return {**known, **changes}


@pytest.fixture
def root_with_runs(tmp_path: Path) -> Root:
    """A root whose second run was pushed."""
    state = root.prepare(tmp_path / "root")
    runs = [summary(SECOND, "pushed", version="17"), summary(FIRST, "failed", data=None, quarantine=[])]
    for number, content in enumerate(runs):
        folder = state.artifacts / "RunReport" / "report" / str(number)
        folder.mkdir(parents=True)
        (folder / "summary.json").write_text(json.dumps(content))
    return state


@pytest.fixture
def serving(tmp_path: Path) -> Path:
    """Two versions of a model that both gates have blessed."""
    blessings = {"ClinicalGate": "accepted", "InfraValidator": "accepted"}
    for name, auc in (("a", 0.91), ("b", 0.92)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "saved_model.pb").write_text(name)
        known = Provenance(FIRST, 1, blessings, data_digest="d" * 64, metrics={"auc": auc})
        push(tmp_path / name, tmp_path / "demo", provenance=known, check=lambda _: None)
    return tmp_path / "demo"


@pytest.fixture
def told(serving: Path) -> Callable[..., Any]:
    """Run a command on that folder; return its JSON object, or its lines without --json, and check its exit code."""

    def run(*words: str, code: int = 0, as_json: bool = True) -> Any:
        extra = ["--json"] if as_json else []
        result = CliRunner().invoke(app, [*words, "--serving", str(serving), *extra], catch_exceptions=False)
        assert result.exit_code == code, result.output
        return json.loads(result.output) if as_json else result.output.splitlines()

    return run
