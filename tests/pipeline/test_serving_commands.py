from collections.abc import Callable
from typing import Any

import pytest
from typer.testing import CliRunner

from pipeline.command_line import app
from pipeline.errors import ConfigError


def test_options_of_object_stores_go_together(told: Callable[..., Any]) -> None:
    for words in (["--objects"], ["--base-path", "gs://a"], ["--to", "/absent", "--base-path", "gs://a"]):
        with pytest.raises(ConfigError, match="--objects needs --to FOLDER, and --base-path needs --objects"):
            told("push", *words)


@pytest.mark.parametrize("command", ["versions", "rollback", "pin", "prune", "verify", "push"])
def test_every_command_takes_a_root_or_a_folder_and_teaches_by_an_example(command: str) -> None:
    shown = CliRunner().invoke(app, [command, "--help"]).output
    for word in ("--root", "--serving", "--model", "--json", f"medtfx {command}"):
        assert word in shown
