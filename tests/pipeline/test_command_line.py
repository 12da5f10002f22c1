import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipeline.command_line import app

HEAVY = ("tensorflow", "tfx", "apache_beam", "numpy", "pydantic", "rich.progress")


def test_help_names_commands_and_exit_codes() -> None:
    shown = " ".join(CliRunner().invoke(app, ["--help"]).output.split())
    for word in ("run", "index", "runs", "serve", "doctor", "3 data refused", "4 model refused"):
        assert word in shown


@pytest.mark.parametrize("command", ["run", "index", "runs", "serve", "doctor"])
def test_every_command_explains_itself(command: str) -> None:
    result = CliRunner().invoke(app, [command, "--help"])
    assert result.exit_code == 0
    assert len(result.output) > 100


def test_help_imports_nothing_heavy() -> None:
    program = f"import sys; import pipeline.command_line; print([m for m in {HEAVY} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_error_is_one_message_and_its_exit_code(tmp_path: Path) -> None:
    medtfx = Path(sys.executable).with_name("medtfx")
    done = subprocess.run([medtfx, "run", tmp_path / "no.yaml"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == f"medtfx: {tmp_path}/no.yaml: no such file; expected a run configuration such as configs/demo.yaml\n"


FULL_DISK = """
import errno, os, sys
from pipeline import command_line, run_command

def full(*arguments, **options):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "/scans/Doe_Jane.png")

run_command.run_command = full
sys.argv = ["medtfx", "run", "small.yaml"]
command_line.main()
"""


def test_system_error_is_one_line_without_the_file() -> None:
    done = subprocess.run([sys.executable, "-c", FULL_DISK], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    expected = "medtfx: stopped by the system: No space left on device. Put that right and run the same command again.\n"
    assert done.stderr == expected


CLOSED_STDOUT = """
import os
from pipeline import command_line
reader, writer = os.pipe()
os.dup2(writer, 1)
os.close(reader)
os.close(writer)
print("nobody reads this")
command_line.leave(3)
"""


def test_exit_code_survives_a_reader_that_left() -> None:
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    assert subprocess.run([sys.executable, "-c", CLOSED_STDOUT], capture_output=True, check=False, env=buffered).returncode == 3


TEMPORARY_FILE = """
import atexit, pathlib, sys
from pipeline import command_line
atexit.register(pathlib.Path(sys.argv[1]).unlink)
command_line.leave(4)
"""


def test_temporary_files_that_libraries_remove_at_the_end_are_removed(tmp_path: Path) -> None:
    (tmp_path / "generated.py").touch()
    done = subprocess.run([sys.executable, "-c", TEMPORARY_FILE, tmp_path / "generated.py"], check=False)
    assert (done.returncode, list(tmp_path.iterdir())) == (4, [])


def test_unknown_option_is_usage() -> None:
    assert CliRunner().invoke(app, ["run", "a.yaml", "--rooot", "x"]).exit_code == 2
