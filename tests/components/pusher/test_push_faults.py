"""What a server sees while a push or a change of version is slow, stopped, killed or not allowed; its look is every 10 ms."""

import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from components.pusher.load_check import check_loads
from components.pusher.manifest import Provenance
from components.pusher.push import push
from components.pusher.served import is_whole
from components.pusher.versions import served, versions

LOOK = 0.01  # seconds
PROVENANCE = Provenance("run", 1, {})
ORDINARY = "65534"

PUSH = """
import sys
from pathlib import Path
from components.pusher.manifest import Provenance
from components.pusher.push import push
push(Path(sys.argv[1]), Path(sys.argv[2]), provenance=Provenance("run", 1, {}), check=lambda folder: None)
"""

CHANGES = """
import random, sys
from pathlib import Path
from components.pusher.manifest import Provenance
from components.pusher.pin import pin, release
from components.pusher.prune import prune
from components.pusher.push import push
from components.pusher.rollback import roll_back
from components.pusher.versions import served, versions
from pipeline.errors import ConfigError

export, serving = Path(sys.argv[1]), Path(sys.argv[2])
dice = random.Random(sys.argv[3])
def pushed(): push(export, serving, provenance=Provenance("run", 1, {}), check=lambda folder: None)
def pinned(): pin(serving, served(versions(serving)).number)
changes = [pushed, pushed, pinned, lambda: release(serving), lambda: roll_back(serving), lambda: prune(serving, 2)]
print("ready", flush=True)
while True:
    try:
        dice.choice(changes)()
    except ConfigError:
        pass  # nothing to roll back to, say
"""


class Watcher:
    """Looks at a serving folder as a server does, and notes what it must not see."""

    def __init__(self, serving: Path) -> None:
        self.serving, self.faults, self.highest = serving, list[str](), list[int]()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> "Watcher":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(LOOK):
            numbers = sorted(int(entry.name) for entry in self.serving.iterdir() if entry.name.isdecimal())
            if not numbers:
                self.faults.append("no version")
                continue
            self.highest.append(numbers[-1])
            folder = self.serving / str(numbers[-1])
            promised = {version.number: version.files for version in versions(self.serving)}[numbers[-1]]
            if torn := torn_files(folder, {name: digest.size for name, digest in promised.items()}):
                self.faults.append(f"{numbers[-1]} without {torn}")


def torn_files(folder: Path, sizes: dict[str, int]) -> list[str]:
    """Return what is missing or cut in a folder that has its name before and after; by a descriptor, which no rename misleads."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        return []  # taken back since the look
    try:
        torn = [name for name, size in sizes.items() if not sized(Path(f"/proc/self/fd/{descriptor}") / name, size)]
        return torn if os.path.samestat(folder.stat(), os.fstat(descriptor)) else []
    except FileNotFoundError:
        return []
    finally:
        os.close(descriptor)


def sized(file: Path, size: int) -> bool:
    try:
        return file.stat().st_size == size
    except FileNotFoundError:
        return False


@pytest.fixture
def export(tmp_path: Path) -> Path:
    (tmp_path / "export" / "variables").mkdir(parents=True)
    for name in ("saved_model.pb", "variables/data"):
        (tmp_path / "export" / name).write_bytes(name.encode() * 5000)
    return tmp_path / "export"


@pytest.fixture
def run_child() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    children: list[subprocess.Popen[str]] = []

    def start(code: str, *words: Path | str) -> subprocess.Popen[str]:
        children.append(subprocess.Popen([sys.executable, "-c", code, *map(str, words)], stdout=subprocess.PIPE, text=True))
        return children[-1]

    yield start
    for child in children:
        child.kill()
        child.communicate()


def test_watcher_notices_a_half_version_and_an_empty_folder(export: Path, serving: Path) -> None:
    number = push(export, serving, provenance=PROVENANCE, check=lambda _: None)
    with Watcher(serving) as watcher:
        (serving / str(number) / "saved_model.pb").write_bytes(b"half")
        time.sleep(20 * LOOK)
        shutil.rmtree(serving / str(number))
        time.sleep(20 * LOOK)
    assert f"{number} without ['saved_model.pb']" in watcher.faults
    assert "no version" in watcher.faults


def test_version_before_answers_while_the_next_is_copied_slowly(
    model_folder: Path, serving: Path, run_child: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    """The copy is halted in the middle, for as long as TensorFlow takes to load what is served."""
    slow = shutil.copytree(model_folder / "Format-Serving", tmp_path / "slow")
    (slow / "assets.extra" / "ballast").write_bytes(bytes(200_000_000))
    first = push(model_folder / "Format-Serving", serving, provenance=PROVENANCE, check=check_loads)
    with Watcher(serving) as watcher:
        child = run_child(PUSH, slow, serving)
        while not (copied := [file for file in serving.glob(".pushing-*/assets.extra/ballast") if file.stat().st_size]):
            assert child.poll() is None
            time.sleep(0.001)
        child.send_signal(signal.SIGSTOP)
        half = copied[0].stat().st_size
        (now,) = [version for version in versions(serving) if version.visible]
        assert now.folder is not None
        check_loads(now.folder)
        child.send_signal(signal.SIGCONT)
        assert child.wait() == 0
    assert (now.number, half < 200_000_000) == (first, True)
    assert watcher.faults == []
    assert [version.number for version in versions(serving)][-1] > first


def test_killed_changes_never_leave_a_half_version_or_none(
    export: Path, serving: Path, run_child: Callable[..., subprocess.Popen[str]]
) -> None:
    push(export, serving, provenance=PROVENANCE, check=lambda _: None)
    with Watcher(serving) as watcher:
        for seed in range(20):
            child = run_child(CHANGES, export, serving, str(seed))
            assert child.stdout is not None
            assert child.stdout.readline() == "ready\n"
            time.sleep(random.Random(seed).uniform(0, 0.12))
            os.kill(child.pid, signal.SIGKILL)
            child.wait()
            now = served(versions(serving))
            assert now is not None
            assert is_whole(now)
    assert watcher.faults == []
    assert len(set(watcher.highest)) > 1


def test_folder_closed_to_writing_stays_as_it_is(open_folder: Path, request: pytest.FixtureRequest) -> None:
    export, serving = open_folder / "export", open_folder / "serving"
    export.mkdir()
    (export / "saved_model.pb").write_bytes(b"graph")
    number = push(export, serving, provenance=PROVENANCE, check=lambda _: None)
    serving.chmod(0o555)
    request.getfixturevalue("ordinary_user")  # only now: what lies there is to be somebody else's
    before = sorted(serving.rglob("*"))
    with pytest.raises(PermissionError, match=r"\.pushing-"):
        push(export, serving, provenance=PROVENANCE, check=lambda _: None)
    assert sorted(serving.rglob("*")) == before
    assert [version.number for version in versions(serving)] == [number]


@pytest.mark.skipif(os.getuid() != 0 or not shutil.which("setpriv"), reason="needs the rights to become another user")
def test_server_under_another_user_reads_what_a_closed_umask_pushed(export: Path, open_folder: Path) -> None:
    before = os.umask(0o077)
    try:
        number = push(export, open_folder / "demo", provenance=PROVENANCE, check=lambda _: None)
    finally:
        os.umask(before)
    files = [str(open_folder / "demo" / f"{number}.json"), *map(str, (open_folder / "demo" / str(number)).rglob("*[!s]"))]
    other = ["setpriv", f"--reuid={ORDINARY}", f"--regid={ORDINARY}", "--clear-groups"]
    shown = subprocess.run([*other, "sha256sum", "--", *files], capture_output=True, text=True, check=False)
    assert shown.returncode == 0, shown.stderr
    assert len(shown.stdout.splitlines()) == len(files) == 3
    written = subprocess.run([*other, "touch", str(open_folder / "demo" / "x")], capture_output=True, text=True, check=False)
    assert written.returncode != 0
