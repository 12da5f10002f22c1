from pathlib import Path

import pytest

from pipeline import config_file
from pipeline.config import Config
from pipeline.errors import ConfigError
from pipeline.node_command import NodeRequest, node_command, told
from pipeline.report_handover import ReportRequest
from pipeline.verdict import Verdict

SMALL = """
name: small
data: {manifest: manifest.csv, classes: [ill, well]}
evaluation: {thresholds: [{metric: auc, at_least: 0.6}]}
gate: {rules: []}
"""
REFUSALS = [Verdict.DATA_REFUSED, Verdict.MODEL_REFUSED, Verdict.INSUFFICIENT_EVIDENCE, Verdict.INFRA_REFUSED]


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return config_file.parse(SMALL, name="text", folder=tmp_path)


def test_unknown_node_is_told_before_anything_is_made(config: Config, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"--node Trainr: unknown; expected one of ImageExampleGen, .*RunReport"):
        node_command(config, NodeRequest("Trainr", "7f3a", tmp_path / "root"))
    assert not (tmp_path / "root").exists()


def test_report_of_another_node_is_refused(config: Config, tmp_path: Path) -> None:
    request = NodeRequest("Trainer", "7f3a", tmp_path / "root", report=ReportRequest(tmp_path / "page.html"))
    with pytest.raises(ConfigError, match="Trainer writes no report"):
        node_command(config, request)


@pytest.mark.parametrize("verdict", REFUSALS)
def test_refusal_is_told_by_the_exit_code_or_by_the_file(verdict: Verdict, tmp_path: Path) -> None:
    file = tmp_path / "made" / "verdict"
    assert told(NodeRequest("ClinicalGate", "7f3a", tmp_path), verdict) == verdict.exit_code
    assert told(NodeRequest("ClinicalGate", "7f3a", tmp_path, file), verdict) == 0
    assert file.read_text() == verdict.value


@pytest.mark.parametrize("verdict", [None, Verdict.PUSHED, Verdict.UNCHANGED, Verdict.PINNED])
def test_node_that_refuses_nothing_says_go_on(verdict: Verdict | None, tmp_path: Path) -> None:
    assert told(NodeRequest("Pusher", "7f3a", tmp_path), verdict) == 0
    assert told(NodeRequest("Pusher", "7f3a", tmp_path, tmp_path / "verdict"), verdict) == 0
    assert (tmp_path / "verdict").read_text() == "go_on"


@pytest.mark.parametrize("verdict", [*REFUSALS, Verdict.FAILED, Verdict.PUSHED])
def test_report_that_was_written_exits_0_whatever_it_tells(verdict: Verdict, tmp_path: Path) -> None:
    assert told(NodeRequest("RunReport", "7f3a", tmp_path), verdict) == 0
