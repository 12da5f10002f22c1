import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from components.pusher.durable import STAGING
from components.pusher.manifest import Provenance
from components.pusher.push import next_version, push

PROVENANCE = Provenance(run_id="run-1", model_id=3, blessings={"ClinicalGate": "accepted", "InfraValidator": "accepted"})
FILES = 24
BYTES = 100_000  # of each file


@pytest.fixture
def export(tmp_path: Path) -> Path:
    """Return a folder shaped like an export."""
    folder = tmp_path / "export"
    (folder / "variables").mkdir(parents=True)
    for number in range(FILES):
        (folder / ("variables" if number % 2 else "") / f"file-{number}").write_bytes(bytes([number]) * BYTES)
    return folder


@pytest.fixture
def serving(tmp_path: Path) -> Path:
    return tmp_path / "serving" / "demo"


def versions(serving: Path) -> list[Path]:
    """Return what a server takes for versions."""
    return [entry for entry in serving.iterdir() if entry.name.isdecimal()] if serving.exists() else []


def is_whole(version: Path) -> bool:
    """Tell whether a version has all its bytes and its manifest."""
    files = [file for file in version.rglob("*") if file.is_file()]
    sizes = [file.stat().st_size for file in files]
    return sizes == [BYTES] * FILES and version.with_name(f"{version.name}.json").exists()


def child(code: str, *arguments: str) -> subprocess.Popen[str]:
    """Start a process that has `push` and `PROVENANCE` and runs `code`."""
    start = (
        "import sys; from pathlib import Path\n"
        "from components.pusher.push import push\n"
        "from components.pusher.manifest import Provenance\n"
        "export, serving = Path(sys.argv[1]), Path(sys.argv[2])\n"
        "go = lambda: push(export, serving, provenance=Provenance('run', 1, {}), check=lambda folder: None)\n"
    )
    return subprocess.Popen([sys.executable, "-c", start + code, *arguments], stdout=subprocess.PIPE, text=True)


def test_version_has_the_exports_bytes(export: Path, serving: Path) -> None:
    version = push(export, serving, provenance=PROVENANCE, check=lambda _: None)
    for file in export.rglob("file-*"):
        assert (serving / str(version) / file.relative_to(export)).read_bytes() == file.read_bytes()


def test_manifest_lists_every_file_with_its_digest(export: Path, serving: Path) -> None:
    version = push(export, serving, provenance=PROVENANCE, check=lambda _: None)
    manifest = json.loads((serving / f"{version}.json").read_text())
    sums = "".join(f"{content['sha256']}  {path}\n" for path, content in manifest["files"].items())
    folder = serving / str(version)
    checked = subprocess.run(["sha256sum", "--check", "--quiet"], input=sums, text=True, cwd=folder, check=False)
    assert checked.returncode == 0
    assert len(manifest["files"]) == FILES
    assert manifest["run_id"] == "run-1"
    assert manifest["blessings"] == {"ClinicalGate": "accepted", "InfraValidator": "accepted"}


def test_others_can_read_but_not_write(export: Path, serving: Path) -> None:
    export.joinpath("file-0").chmod(0o600)
    version = push(export, serving, provenance=PROVENANCE, check=lambda _: None)
    folder = serving / str(version)
    assert {entry.stat().st_mode & 0o777 for entry in folder.rglob("*") if entry.is_file()} == {0o644}
    folders = [serving, folder, *(entry for entry in folder.rglob("*") if entry.is_dir())]
    assert {entry.stat().st_mode & 0o777 for entry in folders} == {0o755}
    assert (serving / f"{version}.json").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize(
    ("names", "now", "expected"),
    [
        ([], 1000, 1000),
        (["1000"], 1000, 1001),  # within one second
        (["2000"], 1000, 2001),  # the clock was set back
        (["2000.json"], 1000, 2001),  # a version that was removed, or never came
        (["00001500", ".pushing-9999", "notes.txt"], 1000, 1501),
    ],
)
def test_version_is_above_all_before(tmp_path: Path, names: list[str], now: int, expected: int) -> None:
    for name in names:
        (tmp_path / name).touch()
    assert next_version(tmp_path, now=now) == expected


@pytest.mark.parametrize("stop", [RuntimeError("does not load"), KeyboardInterrupt("stopped")], ids=["refused", "interrupted"])
def test_stopped_push_leaves_the_folder_as_it_was(export: Path, serving: Path, stop: BaseException) -> None:
    def check(_: Path) -> None:
        raise stop

    push(export, serving, provenance=PROVENANCE, check=lambda _: None)
    before = sorted(serving.iterdir())
    with pytest.raises(type(stop), match=str(stop)):
        push(export, serving, provenance=PROVENANCE, check=check)
    assert sorted(serving.iterdir()) == before


def test_manifest_goes_when_its_version_does_not_come(export: Path, serving: Path) -> None:
    with pytest.raises(FileNotFoundError, match=STAGING):
        push(export, serving, provenance=PROVENANCE, check=shutil.rmtree)  # the rename has nothing to rename
    assert list(serving.iterdir()) == []


def test_next_push_removes_leftovers(export: Path, serving: Path) -> None:
    (serving / f"{STAGING}abc" / "variables").mkdir(parents=True)
    (serving / f"{STAGING}7.json").touch()
    push(export, serving, provenance=PROVENANCE, check=lambda _: None)
    assert not list(serving.glob(f"{STAGING}*"))


@pytest.mark.parametrize(("limit", "size"), [(50_000, 100_000), (2048, 1024)], ids=["in a model file", "in the manifest"])
def test_full_disk_leaves_no_half_version(export: Path, serving: Path, limit: int, size: int) -> None:
    for file in export.rglob("file-*"):
        file.write_bytes(b"x" * size)
    code = (
        "import resource, signal\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))\n"
        "try:\n    go()\nexcept OSError as error:\n    print(error.errno)\n"
    )
    process = child(code, str(export), str(serving))
    told, _ = process.communicate(timeout=60)
    assert told.strip() == "27"  # EFBIG
    assert list(serving.iterdir()) == []


def watch(serving: Path, stop: threading.Event, torn: list[str]) -> None:
    """Poll as a server does, only faster, and note versions that are not whole."""
    while not stop.is_set():
        torn.extend(version.name for version in versions(serving) if not is_whole(version))


def test_killed_push_never_leaves_a_half_version(export: Path, serving: Path) -> None:
    stop, torn = threading.Event(), list[str]()
    watcher = threading.Thread(target=watch, args=(serving, stop, torn))
    watcher.start()
    try:
        for seed in range(20):
            process = child("print('ready', flush=True)\nwhile True: go()\n", str(export), str(serving))
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            time.sleep(random.Random(seed).uniform(0, 0.12))
            os.kill(process.pid, signal.SIGKILL)
            process.wait()
            process.stdout.close()
    finally:
        stop.set()
        watcher.join()
    assert torn == []
    assert all(is_whole(version) for version in versions(serving))
    highest = max([int(version.name) for version in versions(serving)], default=0)
    assert push(export, serving, provenance=PROVENANCE, check=lambda _: None) > highest
    assert not list(serving.glob(f"{STAGING}*"))


def test_pushes_at_once_get_different_versions(export: Path, serving: Path) -> None:
    found: list[int] = []

    def go() -> None:
        found.append(push(export, serving, provenance=PROVENANCE, check=lambda _: None))

    both: list[Callable[[], None]] = [go, go, go]
    threads = [threading.Thread(target=work) for work in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == len(versions(serving)) == 3
