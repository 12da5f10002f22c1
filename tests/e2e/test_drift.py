"""Real data that have drifted from the last accepted: exit code, report, serving folder; then accepted, repeated and gone."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

pytestmark = pytest.mark.e2e
Rows = list[dict[str, str]]
EVERYTHING_ELSE_PASSES = (
    *("--set", "training.steps=1", "--set", "gate.rules=[]"),
    *("--set", "evaluation={thresholds: [{metric: auc, at_least: 0.0}], change: null}"),
)
GAIN = 0.8
STOPPED_FOR_ANOTHER_REASON = ("--set", "data.skew.refuse=true", "--set", "data.skew.l_infinity=0")  # which makes a run short
CACHELESS = {"EarlierData", "Baseline", "RunReport"}  # resolvers, and the report of each run


def executions(root: Path, output: str) -> list[Path]:
    """Return the artifacts of an output, the newest last."""
    return sorted((root / "artifacts" / output).iterdir(), key=lambda folder: int(folder.name))


def findings_of(root: Path) -> list[dict[str, str]]:
    """Return what the newest data blessing says of drift."""
    newest = executions(root, "DataGate/blessing")[-1]
    findings = json.loads((newest / "findings.json").read_text())["findings"]
    return [finding for finding in findings if finding["rule"].startswith("data.drift")]


def test_another_scanner_and_class_mix_are_refused_where_configured_and_else_told(
    own_data, pushed_root: Path, pushed_run, quickly, files_below, tmp_path: Path
) -> None:
    root, first = pushed_root, pushed_run[1].result["run_id"]
    served = files_below(root / "serving")
    assert [finding["found"] for finding in findings_of(root)] == ["no earlier accepted data"]

    def another_scanner_and_class_mix(rows: Rows) -> None:
        for row in rows:
            image = tmp_path / "data" / row["path"]
            Image.fromarray((np.asarray(Image.open(image)) * GAIN).astype(np.uint8)).save(image)
            row["sha256"] = ""
        normal = [row for row in rows if row["label"] == "normal"]
        rows[:] = [row for row in rows if row not in normal or normal.index(row) % 3 == 0]

    config = own_data(another_scanner_and_class_mix)
    words = ("run", config, "--root", root, "--json", *EVERYTHING_ELSE_PASSES)
    refused = quickly(*words, "--set", "data.drift.refuse=true")
    assert (refused.code, refused.result["verdict"]) == (3, "data_refused"), refused.stdout + refused.stderr
    for measure, column in (("l_infinity", "label"), ("jensen_shannon", "mean")):
        subject = f"data.drift.{measure}: {column}, train against the last accepted data, ingested by run {first}"
        assert any(reason.startswith(subject) for reason in refused.result["reasons"]), refused.result["reasons"]
    report = Path(refused.result["report"]).read_text()
    assert 'aria-label="label, shares in last accepted, now: ' in report
    assert 'aria-label="mean brightness, 0 to 1, distributions: last accepted, now"' in report
    assert served
    assert files_below(root / "serving") == served

    told = quickly(*words)
    assert told.result["verdict"] == "pushed", told.stdout + told.stderr
    assert "Once accepted, these data are what the next are compared with." in Path(told.result["report"]).read_text()
    assert "drift: mean, train against the last accepted data, ingested by run" in quickly("runs", "show", "--root", root).stdout

    again = quickly(*words)
    assert (again.code, again.result["verdict"]) == (0, "unchanged")
    assert set(again.result["seconds"]) - set(again.result["cached"]) == CACHELESS

    for folder in executions(root, "StatisticsGen/statistics")[:-1]:  # all that are not of these data
        shutil.rmtree(folder)
    gone = quickly(*words, "--set", "data.drift.refuse=true", *STOPPED_FOR_ANOTHER_REASON)
    assert gone.result["verdict"] == "data_refused", gone.stdout + gone.stderr
    assert "StatisticsGen" in gone.result["cached"]
    assert not any("drift" in reason for reason in gone.result["reasons"])
    (finding,) = findings_of(root)
    assert finding["found"] == "not judged: its account or its statistics are gone or damaged"
    assert finding["found"].removeprefix("not judged: ") in Path(gone.result["report"]).read_text()
