import subprocess
import sys

import pytest
from typer.testing import CliRunner

from pipeline.command_line import app


def test_help_names_exit_codes() -> None:
    result = CliRunner().invoke(app, ["predict", "--help"])
    assert result.exit_code == 0
    assert "3 images without a prediction" in " ".join(result.output.split())


def test_package_of_another_installation_is_named_with_what_brings_it() -> None:
    script = "import sys; sys.modules['yaml'] = None; from pipeline.command_line import main; main()"
    done = subprocess.run([sys.executable, "-c", script, "run", "a.yaml"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "medtfx: this needs yaml, which is not installed: pip install 'medtfx[pipeline]'\n"


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["a.png", "--model", "demo", "--server", "nowhere"], 2, "server: 'nowhere'; expected HOST:PORT"),
        (["a.png", "--model", "demo", "--server", "127.0.0.1:1", "--deadline", "0.2"], 1, "no server answered within 0.2 s"),
    ],
)
def test_error_is_one_line_and_an_exit_code(words: list[str], code: int, message: str) -> None:
    script = "import sys; from pipeline.command_line import main; main()"
    done = subprocess.run([sys.executable, "-c", script, "predict", *words], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr.startswith(f"medtfx: {message}")
    assert len(done.stderr.splitlines()) == 1
