import logging
import os
import subprocess
import sys
from pathlib import Path

from pipeline import logs

PROGRAM = """
import logging, os, sys
from pathlib import Path
from pipeline import logs
with logs.captured(Path(sys.argv[1])) as (out, err):
    print("noise from python")
    os.write(2, b"noise from C\\n")
    logging.getLogger("tfx").info("noise from a logger")
    print("for the user", file=out, flush=True)
    print("progress", file=err, flush=True)
print("after")
"""


def test_noise_goes_to_the_log_and_the_terminal_stays_ours(tmp_path: Path, project: Path) -> None:
    log = tmp_path / "run.log"
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(log)], capture_output=True, text=True, cwd=project, check=True, env={**os.environ}
    )
    assert done.stdout == "for the user\nafter\n"
    assert done.stderr == "progress\n"
    noise = log.read_text()
    assert all(text in noise for text in ("noise from python", "noise from C", "noise from a logger"))
    assert log.stat().st_mode & 0o077 == 0


def test_record_and_traceback_are_masked() -> None:
    formatter = logs.MaskingFormatter("%(message)s", lambda text: text.replace("Doe_Jane", "<folder>"))
    try:
        Path("/scans/Doe_Jane/image.png").read_bytes()
    except OSError:
        record = logging.LogRecord("tfx", logging.ERROR, "executor.py", 1, "Doe_Jane failed", None, sys.exc_info())
    text = formatter.format(record)
    assert text.startswith("<folder> failed")
    assert "'/scans/<folder>/image.png'" in text
    assert "Doe_Jane" not in text


FULL = """
from pathlib import Path
from pipeline import logs
with logs.captured(Path("/dev/full")) as (out, err):
    print("noise that finds no room")
    print("for the user", file=out, flush=True)
print("after")
"""


def test_terminal_comes_back_when_the_log_has_no_room(project: Path) -> None:
    buffered = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    done = subprocess.run([sys.executable, "-c", FULL], capture_output=True, text=True, cwd=project, check=False, env=buffered)
    assert done.returncode == 0
    assert done.stdout.startswith("for the user\n")
    assert done.stdout.endswith("after\n")
