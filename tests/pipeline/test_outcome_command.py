import json
from pathlib import Path

import pytest

from pipeline import config_file, root
from pipeline.config import Config
from pipeline.errors import ConfigError
from pipeline.outcome_command import outcome_command
from pipeline.root import Root
from pipeline.run_record import Failure, record_of
from pipeline.verdict import Verdict

SMALL = """
name: small
data: {manifest: manifest.csv, classes: [ill, well]}
evaluation: {thresholds: [{metric: auc, at_least: 0.6}]}
gate: {rules: []}
"""


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return config_file.parse(SMALL, name="text", folder=tmp_path)


@pytest.fixture
def state(tmp_path: Path) -> Root:
    return root.prepare(tmp_path / "root")


@pytest.mark.parametrize("verdict", [Verdict.FAILED, Verdict.DATA_REFUSED])
def test_exit_code_is_the_verdicts_and_stdout_one_json_object(
    config: Config, state: Root, verdict: Verdict, capfd: pytest.CaptureFixture[str]
) -> None:
    record = record_of(state, "7f3a")
    record.begin("a")
    record.note_failure("ImageExampleGen", Failure(verdict, "two labels in row 17"))
    code = outcome_command(config, "7f3a", state.path, as_json=True)
    (line,) = capfd.readouterr().out.splitlines()
    told = json.loads(line)
    assert code == told["exit_code"] == verdict.exit_code
    assert (told["run_id"], told["verdict"], told["failure"]) == ("7f3a", verdict.value, "two labels in row 17")


def test_people_are_told_the_reason_and_nothing_is_launched(
    config: Config, state: Root, capfd: pytest.CaptureFixture[str]
) -> None:
    record_of(state, "7f3a").begin("a")
    assert outcome_command(config, "7f3a", state.path, as_json=False) == 1
    assert "ImageExampleGen has not run" in capfd.readouterr().out
    assert list(state.artifacts.iterdir()) == []


def test_run_and_root_that_are_not_there_are_told_and_not_made(config: Config, state: Root, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--run-id 7f3a: no node of this run has begun below"):
        outcome_command(config, "7f3a", state.path, as_json=False)
    with pytest.raises(ConfigError):
        outcome_command(config, "7f3a", tmp_path / "absent", as_json=False)
    assert not (tmp_path / "absent").exists()
