import os
import subprocess
import sys
from pathlib import Path

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
