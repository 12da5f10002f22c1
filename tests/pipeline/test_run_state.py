"""What another process makes of a run: outcomes as ML Metadata holds them, a record and a serving folder on disk."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tfx.types import standard_artifacts
from tfx.utils import path_utils

from components import blessing
from components.artifacts import DataBlessing, Report
from components.blessing import Finding
from components.pusher.manifest import Provenance
from components.pusher.push import push
from pipeline import root
from pipeline.node_ids import GATES, NODES, PUSHER, REPORT, TRAINER
from pipeline.node_launch import COMPLETE, FAILED, NodeOutcome
from pipeline.root import Root
from pipeline.run_record import Failure, RunRecord, record_of
from pipeline.run_result import RunResult
from pipeline.run_state import add_report, judge
from pipeline.verdict import Verdict

BEFORE_REPORT = NODES[: NODES.index(REPORT)]
UNTOLD = RunRecord(Path("/no/record"))


@pytest.fixture
def state(tmp_path: Path) -> Root:
    return root.prepare(tmp_path / "root")


@pytest.fixture
def record(state: Root) -> RunRecord:
    record = record_of(state, "run-1")
    record.begin("a")
    return record


def finished(folder: Path, nodes: tuple[str, ...] = BEFORE_REPORT) -> RunResult:
    """Return a run of which these nodes have ended well and whose model is pushed."""
    model, pushed = standard_artifacts.Model(), standard_artifacts.PushedModel()
    model.uri = str(folder / "model")
    export = Path(path_utils.serving_model_path(model.uri))
    export.mkdir(parents=True)
    (export / "saved_model.pb").write_bytes(b"weights")
    push(export, folder / "serving", provenance=Provenance("r", 1, {}, data_digest="d", metrics={}), check=lambda _: None)
    accepted = DataBlessing()
    accepted.set_int_custom_property(blessing.BLESSED, 1)
    outputs = {node: {GATES[node]: [accepted]} for node in GATES}
    outputs |= {TRAINER: {"model": [model]}, PUSHER: {"pushed_model": [pushed]}}
    return RunResult("run-1", outcomes={node: NodeOutcome(node, COMPLETE, outputs.get(node, {})) for node in nodes})


def refuse(result: RunResult, node: str, folder: Path) -> None:
    """Make a gate of a run refuse."""
    word = DataBlessing()
    word.uri = str(folder)
    blessing.publish(word, "data_refused", [Finding("rule", "subject", "expected", "found")])
    result.outcomes[node] = NodeOutcome(node, COMPLETE, {GATES[node]: [word]})


def test_run_that_is_over_is_what_the_serving_folder_says(record: RunRecord, tmp_path: Path) -> None:
    result = finished(tmp_path)
    assert judge(result, record, tmp_path / "serving") == ""
    assert (result.verdict, result.failure) == (Verdict.PUSHED, "")


@given(ended=st.integers(0, len(BEFORE_REPORT) - 1), begun=st.booleans())
def test_first_node_without_outputs_is_named(ended: int, begun: bool) -> None:
    done, missing = BEFORE_REPORT[:ended], BEFORE_REPORT[ended]
    accepted = DataBlessing()
    accepted.set_int_custom_property(blessing.BLESSED, 1)
    outcomes = {node: NodeOutcome(node, COMPLETE, {"blessing": [accepted]}) for node in done}
    if begun:
        outcomes[missing] = NodeOutcome(missing, FAILED)
    result = RunResult("run-1", outcomes=outcomes)
    judge(result, UNTOLD, Path("/no/serving"))
    expected = "was killed, or is still at work" if begun else "has not run"
    assert (result.verdict, result.failure) == (Verdict.FAILED, f"{missing} {expected}")


def test_failure_of_a_node_explains_more_than_that_it_left_nothing(record: RunRecord, tmp_path: Path) -> None:
    record.note_failure(TRAINER, Failure(Verdict.FAILED, "No space left on device"))
    result = finished(tmp_path, BEFORE_REPORT[: BEFORE_REPORT.index(TRAINER)])
    judge(result, record, tmp_path / "serving")
    assert (result.verdict, result.failure) == (Verdict.FAILED, "No space left on device")


def test_refusal_counts_before_a_failure_that_followed(record: RunRecord, tmp_path: Path) -> None:
    record.note_failure(TRAINER, Failure(Verdict.FAILED, "No space left on device"))
    result = finished(tmp_path)
    refuse(result, "DataGate", tmp_path)
    judge(result, record, tmp_path / "serving")
    assert (result.verdict, result.failure) == (Verdict.DATA_REFUSED, "")
    assert result.reasons


def test_report_that_failed_does_not_change_the_verdict(record: RunRecord, tmp_path: Path) -> None:
    record.note_failure(REPORT, Failure(Verdict.FAILED, "No space left on device"))
    result = finished(tmp_path)
    judge(result, record, tmp_path / "serving")
    assert result.verdict is Verdict.PUSHED


def test_version_that_is_gone_makes_a_failure_of_a_push(record: RunRecord, tmp_path: Path) -> None:
    result = finished(tmp_path)
    judge(result, record, tmp_path / "elsewhere")
    assert result.verdict is Verdict.FAILED
    assert "gone from the serving folder" in result.failure


def test_report_and_summary_are_added_once_both_are_there(state: Root, tmp_path: Path) -> None:
    report = Report()
    report.uri = str(tmp_path)
    (tmp_path / "summary.json").write_text(json.dumps({"test": {"auc": 0.9}}))
    result = RunResult("run-1", outcomes={REPORT: NodeOutcome(REPORT, COMPLETE, {"report": [report]})})
    add_report(result, state)
    assert (result.report, result.summary) == (None, {})  # no page below reports/ yet
    (state.reports / "run-1.html").touch()
    add_report(result, state)
    assert result.report == state.reports / "run-1.html"
    assert result.summary["test"] == {"auc": 0.9}
