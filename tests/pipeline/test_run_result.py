import json
from pathlib import Path

import pytest

from components.blessing import Finding
from pipeline.node_launch import CACHED, COMPLETE, FAILED, NodeOutcome
from pipeline.run_result import RunResult
from pipeline.verdict import Verdict


@pytest.fixture
def result() -> RunResult:
    outcomes = {
        "ImageExampleGen": NodeOutcome("ImageExampleGen", CACHED, seconds=0.1),
        "Trainer": NodeOutcome("Trainer", COMPLETE, seconds=2.0),
        "Evaluator": NodeOutcome("Evaluator", FAILED, seconds=1.0),
    }
    findings = (
        Finding("gate.rules", "sensitivity of ill", "at least 0.9", "0.7"),
        Finding("gate.rules", "specificity of ill", "at least 0.9", "0.95", refuses=False),
    )
    return RunResult(
        "run-1", Verdict.MODEL_REFUSED, outcomes, findings, report=Path("/r/report.html"), summary={"test": {"auc": 0.9}}
    )


def test_only_refusing_findings_are_reasons(result: RunResult) -> None:
    assert result.reasons == ["gate.rules: sensitivity of ill: 0.7; expected at least 0.9"]


def test_json_holds_what_programs_need(result: RunResult) -> None:
    content = json.loads(json.dumps(result.as_json()))
    assert content["verdict"] == "model_refused"
    assert content["exit_code"] == 4
    assert content["cached"] == ["ImageExampleGen"]
    assert content["seconds"] == {"ImageExampleGen": 0.1, "Trainer": 2.0, "Evaluator": 1.0}
    assert content["pushed_to"] is None
    assert content["report"] == "/r/report.html"
    assert content["metrics"] == {"auc": 0.9}


@pytest.mark.parametrize(
    ("node", "state"), [("ImageExampleGen", "cached"), ("Trainer", "ran"), ("Evaluator", "failed"), ("Pusher", "not_run")]
)
def test_node_facts_tell_how_a_node_went(result: RunResult, node: str, state: str) -> None:
    assert result.node_facts(node).state == state
