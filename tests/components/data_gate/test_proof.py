from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tfx.types import Artifact

from components.artifacts import LeakageProof
from components.data_gate import proof
from components.data_gate.proof import Leak, Place, RuleProof
from pipeline.errors import NotBlessedError

LEAK = Leak("ab", (Place(1, "f1", "train"), Place(2, "f2", "test", "run-1")), distance=3, correlation=0.99)
HOLDS = RuleProof("data.patient", "patients across splits", "none", "0", "holds", {"patients": 2})
BROKEN = replace(HOLDS, verdict="broken", leaks=(LEAK,), advice="Move them.")


@pytest.fixture
def output(artifact: Callable[..., Artifact], tmp_path: Path) -> Artifact:
    return artifact(LeakageProof, tmp_path / "proof")


def test_rules_come_back_as_they_were_written(output: Artifact) -> None:
    proof.publish(output, [HOLDS, BROKEN])
    assert proof.read(Path(output.uri)) == (HOLDS, BROKEN)


@pytest.mark.parametrize("verdict", ["holds", "accepted", "not_compared"])
def test_proof_without_a_broken_rule_lets_training_go_on(output: Artifact, verdict: str) -> None:
    proof.publish(output, [replace(HOLDS, verdict=verdict)])
    proof.require([output])


def test_proof_with_a_broken_rule_holds_training_back(output: Artifact) -> None:
    proof.publish(output, [HOLDS, BROKEN])
    with pytest.raises(NotBlessedError, match="not proven"):
        proof.require([output])


def test_missing_proof_holds_training_back() -> None:
    with pytest.raises(NotBlessedError, match="not proven"):
        proof.require([])
