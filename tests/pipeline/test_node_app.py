from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipeline import root
from pipeline.command_line import app
from pipeline.errors import ConfigError
from pipeline.node_app import told_config

SMALL = """
name: small
data: {manifest: manifest.csv, classes: [ill, well]}
evaluation: {thresholds: [{metric: auc, at_least: 0.6}]}
gate: {rules: []}
"""


@pytest.mark.parametrize(("path", "text"), [(None, None), (Path("my.yaml"), SMALL)])
def test_configuration_comes_from_exactly_one_place(path: Path | None, text: str | None) -> None:
    with pytest.raises(ConfigError, match="exactly one of --config FILE and --config-text YAML"):
        told_config(path, text, None)


def test_paths_of_a_text_start_from_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert told_config(None, SMALL, None).data.manifest == tmp_path / "manifest.csv"


def test_override_without_a_value_changes_nothing() -> None:
    usual = told_config(None, SMALL, None)
    assert told_config(None, SMALL, ["training.steps="]) == usual
    assert told_config(None, SMALL, ["training.steps=30"]).training.steps == 30


def test_outcome_of_a_run_that_no_node_has_begun_is_told(tmp_path: Path) -> None:
    state = root.prepare(tmp_path / "root")
    done = CliRunner().invoke(app, ["outcome", "--config-text", SMALL, "--run-id", "7f3a", "--root", str(state.path)])
    assert isinstance(done.exception, ConfigError)
    assert "--run-id 7f3a: no node of this run has begun" in str(done.exception)
