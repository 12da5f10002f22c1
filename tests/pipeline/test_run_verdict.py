"""Outcomes with real artifacts, and real serving folders."""

from pathlib import Path

import pytest
from tfx.types import Artifact, standard_artifacts
from tfx.utils import path_utils

from components import blessing
from components.artifacts import DataBlessing
from components.blessing import Finding
from components.pusher.executor import ALREADY_SERVED
from components.pusher.manifest import Provenance
from components.pusher.push import push
from components.pusher.rollback import withdraw
from pipeline.node_ids import GATES, NODES, PUSHER, TRAINER
from pipeline.node_launch import CACHED, COMPLETE, FAILED, NodeOutcome
from pipeline.run_result import RunResult
from pipeline.run_verdict import NodeFailedError, conclude, refusal
from pipeline.verdict import Verdict

FINDING = Finding("gate.rules", "sensitivity of ill", "at least 0.9", "0.7", rows=(3, 4))


def word_of(folder: Path, verdict: str) -> DataBlessing:
    """Return what a gate publishes."""
    artifact = DataBlessing()
    artifact.uri = str(folder)
    blessing.publish(artifact, verdict, [FINDING])
    return artifact


@pytest.mark.parametrize("verdict", ["data_refused", "model_refused", "insufficient_evidence", "infra_refused"])
@pytest.mark.parametrize("gate", sorted(GATES))
def test_refusal_of_a_gate_is_told_with_its_findings(gate: str, verdict: str, tmp_path: Path) -> None:
    outcome = NodeOutcome(gate, COMPLETE, {GATES[gate]: [word_of(tmp_path, verdict)]})
    assert refusal(outcome) == (Verdict(verdict), (FINDING,))


@pytest.mark.parametrize("state", [None, FAILED])
def test_gate_that_has_no_word_yet_refuses_nothing(state: int | None) -> None:
    assert refusal(NodeOutcome("DataGate", state)) is None


def test_neither_an_accepting_gate_nor_another_node_refuses(tmp_path: Path) -> None:
    assert refusal(NodeOutcome("DataGate", CACHED, {"blessing": [word_of(tmp_path, "accepted")]})) is None
    for node in set(NODES) - set(GATES):
        assert refusal(NodeOutcome(node, COMPLETE, {"blessing": [word_of(tmp_path, "model_refused")]})) is None


@pytest.fixture
def model(tmp_path: Path) -> Artifact:
    """A model as the Trainer leaves it."""
    made = standard_artifacts.Model()
    made.uri = str(tmp_path / "model")
    export = Path(path_utils.serving_model_path(made.uri))
    export.mkdir(parents=True)
    (export / "saved_model.pb").write_bytes(b"weights")
    return made


def pushed(model: Artifact, serving: Path) -> int:
    """Push a model as Pusher does and return its version."""
    told = Provenance("earlier", 1, {}, data_digest="d" * 64, metrics={})
    return push(Path(path_utils.serving_model_path(model.uri)), serving, provenance=told, check=lambda _: None)


def result_of(model: Artifact, *, cached: bool = False, already: int = 0) -> RunResult:
    """Return a run whose Pusher has ended."""
    push_of = standard_artifacts.PushedModel()
    push_of.set_int_custom_property(ALREADY_SERVED, already)
    outcomes = {
        TRAINER: NodeOutcome(TRAINER, COMPLETE, {"model": [model]}),
        PUSHER: NodeOutcome(PUSHER, CACHED if cached else COMPLETE, {"pushed_model": [push_of]}),
    }
    return RunResult("run-1", outcomes=outcomes)


@pytest.mark.parametrize(("cached", "already"), [(True, 0), (False, 1), (False, 0)])
def test_run_pushed_only_what_was_not_served_before(model: Artifact, tmp_path: Path, cached: bool, already: int) -> None:
    version = pushed(model, tmp_path / "serving")
    result = result_of(model, cached=cached, already=already)
    assert conclude(result, tmp_path / "serving") == ""
    assert result.verdict is (Verdict.UNCHANGED if cached or already else Verdict.PUSHED)
    assert (result.version, result.pushed_to) == (str(version), tmp_path / "serving" / str(version))


@pytest.mark.parametrize("damage", ["gone", "changed", "never there"])
def test_version_that_is_not_whole_is_a_failure(model: Artifact, tmp_path: Path, damage: str) -> None:
    file = tmp_path / "serving" / str(pushed(model, tmp_path / "serving")) / "saved_model.pb"
    if damage == "gone":
        file.unlink()
    elif damage == "changed":
        file.write_bytes(b"other weights")
    serving = tmp_path / ("elsewhere" if damage == "never there" else "serving")
    with pytest.raises(NodeFailedError, match="gone from the serving folder, or damaged; run again"):
        conclude(result_of(model), serving)


def test_model_that_was_taken_back_is_no_place_to_send_anybody(model: Artifact, tmp_path: Path) -> None:
    version = pushed(model, tmp_path / "serving")
    withdraw(tmp_path / "serving", version, instead=version - 1)
    result = result_of(model)
    conclude(result, tmp_path / "serving")
    assert (result.verdict, result.version, result.pushed_to) == (Verdict.WITHDRAWN, str(version), None)
    assert result.reasons
