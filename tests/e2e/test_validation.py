"""A model server that dies under validation: no word on the model, nothing pushed, and the next run asks again."""

import os
import signal
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.e2e
DEADLINE = 120.0  # seconds


def server_of(run) -> int:
    """Return the process id of the server that a run starts, as soon as it is there."""
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end and not run.ended():
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and is_server(entry, run.pid):
                return int(entry.name)
        time.sleep(0.02)
    pytest.fail("the run started no server")


def is_server(process: Path, parent: int) -> bool:
    """Tell whether a process is the server of a run: its child with a session of its own (proc(5), /proc/pid/stat)."""
    try:
        _, its_parent, _, session = (process / "stat").read_text().rpartition(")")[2].split()[:4]
        return int(its_parent) == parent and session == process.name
    except OSError:
        return False


def test_killed_server_refuses_the_model_and_the_next_run_asks_again(
    pushed_root: Path, demo_config: Path, start, quickly, files_below
) -> None:
    root, served = pushed_root, files_below(pushed_root / "serving")
    words = ("run", demo_config, "--root", root, "--json", "--set", "serving.golden_requests=6")  # asks anew
    run = start(*words)
    os.kill(server_of(run), signal.SIGKILL)
    done = run.finish()
    assert (done.code, done.result["verdict"]) == (4, "infra_refused"), done.stdout + done.stderr
    assert "the server was killed by SIGKILL" in Path(done.result["report"]).read_text()
    assert files_below(root / "serving") == served
    again = quickly(*words)
    assert (again.code, again.result["verdict"]) == (0, "unchanged"), again.stdout + again.stderr
    assert served
    assert files_below(root / "serving") == served
