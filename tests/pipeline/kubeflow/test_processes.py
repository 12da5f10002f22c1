"""Real processes, each of a shell."""

import os
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.kubeflow import processes
from pipeline.kubeflow.engine import Start
from pipeline.kubeflow.processes import Ended, Processes


def shell(script: str, *words: object) -> Start:
    return Start(("/bin/sh", "-c", script, *map(str, words)), {"PATH": os.environ["PATH"]})


def wait_until(holds: Callable[[], bool]) -> None:
    until = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.01)


def is_gone(pid: int) -> bool:
    """Tell whether a process does nothing any more; a zombie waits for a parent that is not ours."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


@pytest.mark.parametrize(
    ("script", "ended"),
    [
        ("true", Ended(0)),
        ("exit 3", Ended(3)),
        ("kill -KILL $$", Ended(None, "ended by SIGKILL")),
        ("kill -TERM $$", Ended(None, "ended by SIGTERM")),
    ],
)
def test_end_is_told_by_code_or_by_signal(script: str, ended: Ended, tmp_path: Path) -> None:
    assert Processes(1).run(shell(script), tmp_path / "log", None) == ended
    assert ended.well is (script == "true")
    assert str(ended) == (ended.reason or f"exit code {ended.code}")


def test_log_keeps_what_every_try_said_on_both_streams(tmp_path: Path) -> None:
    for number in (1, 2):
        Processes(1).run(shell('echo "out $0"; echo "err $0" >&2', number), tmp_path / "log", None)
    assert (tmp_path / "log").read_text().splitlines() == ["out 1", "err 1", "out 2", "err 2"]


def test_process_that_ignores_the_request_is_ended_after_its_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "PATIENCE", 0.2)
    begin = time.monotonic()
    ended = Processes(1).run(shell("trap '' TERM; while :; do sleep 0.05; done"), tmp_path / "log", 0.2)
    assert ended == Ended(None, "not done after 0.2 s, its time limit")
    assert time.monotonic() - begin < 10


def test_process_that_heeds_the_request_may_clear_up(tmp_path: Path) -> None:
    script = "trap 'echo cleared > \"$0\"; exit 0' TERM; while :; do sleep 0.05; done"
    assert not Processes(1).run(shell(script, tmp_path / "mark"), tmp_path / "log", 0.3).well
    assert (tmp_path / "mark").read_text() == "cleared\n"


def test_no_more_run_at_once_than_there_are_places(tmp_path: Path) -> None:
    running = Processes(2)
    script = 'date +%s.%N > "$0.begin"; sleep 0.2; date +%s.%N > "$0.end"'
    threads = [
        threading.Thread(target=running.run, args=(shell(script, tmp_path / str(name)), tmp_path / "log", None))
        for name in range(5)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    times = [[float((tmp_path / f"{name}.{what}").read_text()) for what in ("begin", "end")] for name in range(5)]
    together = [sum(begin <= moment < end for begin, end in times) for moment, _ in times]
    assert max(together) <= 2  # that they do overlap: test_dry_run_command.py


def test_stop_ends_what_runs_with_its_children_and_lets_nothing_start(tmp_path: Path) -> None:
    running, ends = Processes(1), list[Ended]()
    script = 'sleep 60 & echo $! > "$0.new"; mv "$0.new" "$0"; wait'
    work = [
        threading.Thread(target=lambda: ends.append(running.run(shell(script, tmp_path / "child"), tmp_path / "log", None)))
        for _ in range(2)
    ]
    work[0].start()
    wait_until((tmp_path / "child").exists)
    work[1].start()  # waits for the only place
    running.stop()
    for thread in work:
        thread.join()
    assert running.stopped
    assert ends == [Ended(None, "interrupted")] * 2
    wait_until(lambda: is_gone(int((tmp_path / "child").read_text())))
    begin = time.monotonic()
    running.pause(30)
    assert time.monotonic() - begin < 5


def test_signal_to_this_group_does_not_reach_a_task(tmp_path: Path) -> None:
    Processes(1).run(shell('ps -o pgid= -p $$ > "$0"', tmp_path / "group"), tmp_path / "log", None)
    assert int((tmp_path / "group").read_text()) != os.getpgid(0)


def test_command_that_is_not_there_is_no_exit_code(tmp_path: Path) -> None:
    ended = Processes(1).run(Start(("/absent/medtfx",), {}), tmp_path / "log", None)
    assert ended.code is None
    assert ended.reason.startswith("/absent/medtfx: can't be started: No such file")


def test_asking_a_process_that_has_ended_is_no_error(tmp_path: Path) -> None:
    with subprocess.Popen(["/bin/true"], start_new_session=True) as process:
        process.wait()
        processes.ask_to_end(process)
        processes.end(process)
    assert process.returncode == 0
