import pytest
from typer.testing import CliRunner

from pipeline.command_line import app


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("infer", ["last data that a run accepted", "data.schema_file", "--margin", "Example: medtfx schema infer my.yaml"]),
        ("diff", ["exit code is 3", "--root", "Example: medtfx schema diff"]),
        ("accept", ["written once you confirm", "Labels", "--yes", "Example: medtfx schema accept"]),
    ],
)
def test_help_says_what_a_command_does_and_shows_one(command: str, words: list[str]) -> None:
    shown = " ".join(CliRunner().invoke(app, ["schema", command, "--help"]).output.split())
    assert all(word in shown for word in words), shown


def test_wrong_margin_is_a_usage_error() -> None:
    result = CliRunner().invoke(app, ["schema", "infer", "my.yaml", "--margin", "-1"])
    assert result.exit_code == 2
    assert "--margin" in result.output
