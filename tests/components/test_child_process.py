import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from components.child_process import environment

PARENT = """
import subprocess, time
from components.child_process import tethered
print(subprocess.Popen(tethered(["sleep", "60"]), start_new_session=True).pid, flush=True)
time.sleep(60)
"""


def name_of(pid: int) -> str:
    """Return what a process runs, '' when it is gone or a zombie."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().partition("\0")[0]
    except OSError:
        return ""


def wait_for(pid: int, name: str) -> bool:
    end = time.monotonic() + 20
    while name_of(pid) != name and time.monotonic() < end:
        time.sleep(0.02)
    return name_of(pid) == name


def test_a_tethered_command_dies_with_a_parent_that_is_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, env=environment()) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert wait_for(pid, "sleep")
        os.kill(parent.pid, signal.SIGKILL)
        assert wait_for(pid, "")
