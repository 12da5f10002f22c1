import subprocess
import sys
import time
from pathlib import Path

from pipeline import node_lock

HOLDER = """
import sys, time
from pathlib import Path
from pipeline import node_lock
with node_lock.held(Path(sys.argv[1]), "Trainer.ab12", print):
    print("held", flush=True)
    time.sleep(60)
"""


def test_second_process_waits_for_the_first_and_is_told(tmp_path: Path, project: Path) -> None:
    said: list[str] = []
    words = [sys.executable, "-c", HOLDER, str(tmp_path / "locks")]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=project) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"

        def kill_holder(text: str) -> None:
            said.append(text)
            holder.kill()

        begin = time.monotonic()
        with node_lock.held(tmp_path / "locks", "Trainer.ab12", kill_holder):  # the lock goes with a killed process
            assert time.monotonic() - begin < 30
    assert said == ["Trainer: another process is at this very work; waiting for it"]


def test_other_work_is_not_waited_for(tmp_path: Path) -> None:
    said: list[str] = []
    with node_lock.held(tmp_path, "Trainer.ab12", said.append), node_lock.held(tmp_path, "Trainer.cd34", said.append):
        assert said == []
