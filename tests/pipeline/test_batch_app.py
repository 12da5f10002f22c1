from typer.testing import CliRunner

from pipeline.command_line import app


def test_help_shows_an_example_and_exit_codes() -> None:
    result = CliRunner().invoke(app, ["batch", "--help"])
    said = " ".join(result.output.split())
    assert result.exit_code == 0
    assert "medtfx batch archive/ --model runs/demo/serving/demo -o results.csv" in said
    assert "3 images without a prediction" in said


def test_output_is_asked_for() -> None:
    result = CliRunner().invoke(app, ["batch", "archive/"])
    assert result.exit_code == 2
    assert "Missing option '-o'" in result.output
