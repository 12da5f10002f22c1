import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from components.pusher.folder_lock import held, is_held

HOLD = """
import sys, time
from pathlib import Path
from components.pusher.folder_lock import held
with held(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_folder_is_held_until_the_end_of_the_block(tmp_path: Path) -> None:
    assert not is_held(tmp_path)
    with held(tmp_path):
        assert is_held(tmp_path)
    assert not is_held(tmp_path)


def test_error_within_lets_go(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="stopped"), held(tmp_path):
        raise RuntimeError("stopped")
    assert not is_held(tmp_path)


def test_killed_process_holds_nothing(tmp_path: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "held\n"
    assert is_held(tmp_path)
    os.kill(child.pid, signal.SIGKILL)
    child.communicate()
    assert not is_held(tmp_path)


def test_renamed_folder_is_still_held(tmp_path: Path) -> None:
    (tmp_path / "before").mkdir()
    with held(tmp_path / "before"):
        (tmp_path / "before").rename(tmp_path / "after")
        assert is_held(tmp_path / "after")


def test_absent_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="absent"), held(tmp_path / "absent"):
        pass
