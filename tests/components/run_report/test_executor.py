"""The executor's files."""

import json
from pathlib import Path

import pyarrow as pa
import pytest
from tfx.types import standard_artifacts

from components.artifacts import Report
from components.predictions.table import read_table, write_table
from components.run_report.component import INPUT_TYPES
from components.run_report.executor import REPORT_FILE, SUMMARY_FILE, Executor
from components.run_report.run_facts import RunFacts
from pipeline.config import Config


@pytest.fixture
def report(tmp_path: Path) -> Report:
    artifact = Report()
    artifact.uri = str(tmp_path)
    return artifact


def execute(report: Report, artifacts: dict[str, str], config: Config, facts: RunFacts) -> tuple[str, dict[str, object]]:
    """Run the executor; return the page and the summary."""
    inputs = {name: [INPUT_TYPES[name]()] for name in artifacts}
    for name, (artifact,) in inputs.items():
        artifact.uri = artifacts[name]
    Executor().Do(
        {**inputs, "model": []}, {"report": [report]}, {"config": config.model_dump_json(), "run_facts": facts.model_dump_json()}
    )
    folder = Path(report.uri)
    return (folder / REPORT_FILE).read_text(encoding="utf-8"), json.loads((folder / SUMMARY_FILE).read_text(encoding="utf-8"))


def test_a_finished_run_gives_page_and_summary(
    report: Report, artifacts: dict[str, str], config: Config, facts: RunFacts
) -> None:
    page, summary = execute(report, artifacts, config, facts)
    assert "Pushed" in page
    assert summary["verdict"] == "pushed"
    assert summary["data"]["patients"] == 126  # type: ignore[index]
    assert 0.9 < summary["test"]["auc"] <= 1  # type: ignore[index]


def test_a_refused_run_gives_both_too(report: Report, artifacts: dict[str, str], config: Config) -> None:
    few = {name: artifacts[name] for name in ("account", "data_blessing")}
    page, summary = execute(report, few, config, RunFacts(run_id="1", verdict="data_refused"))
    assert "Data refused" in page
    assert summary["test"] is None


@pytest.mark.parametrize("share", [float("nan"), float("inf")])
def test_predictions_that_are_no_numbers_lose_neither_page_nor_summary(
    share: float, report: Report, tmp_path: Path, artifacts: dict[str, str], config: Config, facts: RunFacts
) -> None:
    table = read_table(Path(artifacts["predictions"]))
    shares = pa.array([kept if row % 5 else share for row, kept in enumerate(table["p_0"].to_pylist())], pa.float32())
    folder = tmp_path / "predictions"
    folder.mkdir()
    write_table(folder, table.set_column(table.column_names.index("p_0"), "p_0", shares))
    page, _ = execute(report, {**artifacts, "predictions": str(folder)}, config, facts)
    assert "could not be made" not in page
    assert '<h2 id="performance-title">Performance' in page

    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is no JSON")

    summary = json.loads((tmp_path / SUMMARY_FILE).read_text(encoding="utf-8"), parse_constant=refuse)
    assert (summary["verdict"], summary["test"]["auc"], summary["test"]["loss"]) == ("pushed", None, None)


def test_every_input_is_a_known_artifact_type() -> None:
    assert INPUT_TYPES["examples"] is standard_artifacts.Examples
