"""A root with two runs, as their reports' summaries tell."""

import json
from pathlib import Path

import pytest

from pipeline import root
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
    site = {"subject": "site, train against the last accepted data", "found": "0.500", "expected": "at most 0.2"}
    sex = {"subject": "sex, train against the last accepted data", "found": "not compared: new", "expected": "compared"}
    rules = {"data.skew.l_infinity": site, "data.drift.l_infinity": site, "data.drift": sex}
    findings = [{"rule": rule, **said} for rule, said in rules.items()]
    return {**known, "gates": {"data_blessing": {"verdict": "accepted", "findings": findings}}, **changes}


@pytest.fixture
def root_with_runs(tmp_path: Path) -> Root:
    """A root whose second run was pushed."""
    state = root.prepare(tmp_path / "root")
    runs = [summary(SECOND, "pushed", version="17"), summary(FIRST, "failed", data=None, quarantine=[], gates={})]
    for number, content in enumerate(runs):
        folder = state.artifacts / "RunReport" / "report" / str(number)
        folder.mkdir(parents=True)
        (folder / "summary.json").write_text(json.dumps(content))
    return state
