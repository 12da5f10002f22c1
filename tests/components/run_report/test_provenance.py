"""What exactly ran."""

from pathlib import Path

import yaml

from components.run_report.provenance import HIDDEN, settings, without_paths
from pipeline.config import Config


def test_configuration_is_shown_with_defaults_and_without_paths(config: Config) -> None:
    shown = yaml.safe_load(settings(config))
    assert shown["data"]["manifest"] == HIDDEN
    assert shown["training"]["batch_size"] == 32


def test_paths_are_hidden_at_any_depth() -> None:
    assert without_paths({"a": [{"b": Path("/x")}, (Path("/y"), 1)]}) == {"a": [{"b": HIDDEN}, [HIDDEN, 1]]}
