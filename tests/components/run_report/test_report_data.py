"""What is read from the artifacts."""

import json
from pathlib import Path

from components.run_report.report_data import QuarantinedRow, ReportData, read, read_quarantined
from components.run_report.run_facts import RunFacts
from pipeline.config import Config


def test_nothing_is_read_from_no_artifact(config: Config, facts: RunFacts) -> None:
    assert read({}, config, facts) == ReportData(config, facts, blessings={})


def test_only_quarantined_rows_are_kept(tmp_path: Path) -> None:
    lines = [
        {"row": 1, "file": "aa", "label": "quarantined", "status": "example", "reason": None},
        {"row": 2, "file": "bb", "label": None, "status": "quarantined", "reason": "truncated"},
    ]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert list(read_quarantined(str(tmp_path))) == [QuarantinedRow(2, "bb", "truncated")]


def test_gates_that_ran_are_read_with_their_findings(data: ReportData) -> None:
    assert data.blessings is not None
    assert list(data.blessings) == ["data_blessing", "model_blessing", "infra_blessing"]
    assert data.blessings["model_blessing"].findings[0].rule == "gate.rules"


def test_statistics_and_anomalies_are_read_by_split(data: ReportData) -> None:
    assert data.statistics is not None
    assert data.anomalies is not None
    assert set(data.statistics) == set(data.anomalies) == {"train", "val", "test"}
