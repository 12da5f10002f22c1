import json
from pathlib import Path

import pytest

from pipeline import config_file
from pipeline.config import Config
from pipeline.report_handover import ReportRequest, hand_over, numbers
from pipeline.run_result import RunResult

SMALL = """
name: small
data: {manifest: manifest.csv, classes: [ill, well]}
evaluation: {thresholds: [{metric: auc, at_least: 0.6}]}
gate: {rules: []}
"""
SPLITS = {"train": {"images": 30, "patients": 12, "classes": {"ill": 15}}}
FIGURES = {"test_auc": 0.9, "train_images": 30, "train_patients": 12}


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return config_file.parse(SMALL, name="text", folder=tmp_path)


@pytest.fixture
def result(tmp_path: Path) -> RunResult:
    page = tmp_path / "7f3a.html"
    page.write_text("<p>µ</p>", encoding="utf-8")
    summary = {"data": {"splits": SPLITS}, "test": {"auc": 0.9, "label": "ill"}}
    return RunResult("7f3a", report=page, summary=summary)


def test_figures_are_flat_and_numbers_alone(result: RunResult) -> None:
    assert numbers(result) == FIGURES


def test_run_without_data_has_no_figures() -> None:
    assert numbers(RunResult("7f3a", summary={"data": None, "test": None})) == {}


def test_page_and_figures_go_where_they_were_asked_for(config: Config, result: RunResult, tmp_path: Path) -> None:
    page, metrics, output = (tmp_path / "made" / name for name in ("page.html", "metrics.json", "output.json"))
    hand_over(result, config, ReportRequest(page, metrics, output))
    assert page.read_text(encoding="utf-8") == "<p>µ</p>"
    assert json.loads(metrics.read_text()) == FIGURES
    (artifact,) = json.loads(output.read_text())["artifacts"]["metrics"]["artifacts"]
    assert artifact == {"name": "metrics", "metadata": FIGURES}


def test_nothing_is_written_unasked(config: Config, result: RunResult, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    hand_over(result, config, ReportRequest())
    assert sorted(tmp_path.rglob("*")) == before
