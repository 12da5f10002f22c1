"""Whole runs, as a user starts them: the `medtfx` command in a process of its own."""

import csv
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from warm_process import Finished, Started, Starter  # tests/conftest.py has loaded it

from components.pusher.folder_lock import held
from pipeline import sources
from pipeline.config import DemoSource

# Small and quick, and still good enough to be pushed.
DEMO = """
name: demo
data:
  manifest: {folder}/data/manifest.csv
  source: {{kind: demo, patients: {patients}}}
  classes: [normal, nodule, effusion]
  slices: [sex, site]
  pseudonym_key_file: {project}/configs/demo.key
image: {{size: 24, channels: 1}}
training: {{model: article_cnn, steps: 40, batch_size: 16}}
evaluation:
  thresholds: [{{metric: auc, at_least: 0.6}}]
gate:
  rules: [{{measure: specificity, label: nodule, at_least: 0.3}}]
"""
ONE_STEP = (
    *("--set", "evaluation.thresholds=[{metric: auc, at_least: 0.0}]"),
    *("--set", "gate.rules=[]", "--set", "training.steps=1"),
)
PATIENTS = 150
Medtfx = Callable[..., Finished]


def command(*words: str | Path) -> list[str]:
    """Return the command line of a medtfx process."""
    return [str(Path(sys.executable).with_name("medtfx")), *map(str, words)]


@pytest.fixture(scope="session")
def medtfx() -> Medtfx:
    """Run the command to its end."""

    def run(*words: str | Path, cwd: Path | None = None) -> Finished:
        done = subprocess.run(
            command(*words), capture_output=True, text=True, check=False, cwd=cwd, env={**os.environ}, timeout=600
        )
        return without_stack_trace(Finished(done.returncode, done.stdout, done.stderr))

    return run


@pytest.fixture
def quickly(start: Callable[..., Started]) -> Medtfx:
    """Run a command with its imports done to its end."""
    return lambda *words: without_stack_trace(start(*words).finish())


@pytest.fixture
def ordinary_medtfx(start: Callable[..., Started]) -> Medtfx:
    """Run a command to its end with no more rights than the files' modes give."""
    return lambda *words: without_stack_trace(start(*words, ordinary=True).finish())


def without_stack_trace(done: Finished) -> Finished:
    """Return what a command said, which is never a stack trace."""
    assert "Traceback" not in done.stdout + done.stderr, done.stderr[-3000:]
    return done


@pytest.fixture(scope="session")
def demo_config(session_folder: Path, project: Path) -> Path:
    """A configuration of the generated demo, smaller than the shipped one, and its data; for all workers."""
    folder = session_folder / "demo"
    folder.mkdir(exist_ok=True)
    path = folder / "demo.yaml"
    with held(folder):
        if not path.exists():
            sources.index(DemoSource(kind="demo", patients=PATIENTS), folder / "data" / "manifest.csv")
            path.write_text(DEMO.format(folder=folder, project=project, patients=PATIENTS))
    return path


@pytest.fixture(scope="session")
def pushed_run(demo_config: Path, medtfx: Medtfx, session_folder: Path) -> tuple[Path, Finished]:
    """A root with one pushed version, and what its run said; for all workers.

    A test that changes the root asks for pushed_root: files of such tests go to one worker (GROUPS of tests/conftest.py).
    """
    root, said = session_folder / "pushed" / "root", session_folder / "pushed" / "said.json"
    root.parent.mkdir(exist_ok=True)
    with held(root.parent):
        if not said.exists():
            done = medtfx("run", demo_config, "--root", root, "--json")
            assert done.code == 0, done.stdout + done.stderr
            shutil.copytree(root, root.with_name("kept"), symlinks=True)
            said.write_text(json.dumps(asdict(done)))
    return root, Finished(**json.loads(said.read_text()))


@pytest.fixture(scope="session")
def usual(pushed_run: tuple[Path, Finished]) -> dict[str, Any]:
    """The result of an undisturbed run of demo_config."""
    return pushed_run[1].result


@pytest.fixture
def pushed_copy(pushed_run: tuple[Path, Finished], tmp_path: Path) -> Path:
    """A copy of the root of pushed_run; its path is in the cache's keys, so a run on it begins anew."""
    return Path(shutil.copytree(pushed_run[0].with_name("kept"), tmp_path / "copy", symlinks=True))


@pytest.fixture
def pushed_root(pushed_run: tuple[Path, Finished]) -> Iterator[Path]:
    """The root of pushed_run for a test that changes it, put back after."""
    yield pushed_run[0]
    put_back(pushed_run[0])


def put_back(folder: Path) -> None:
    """Replace a folder by what was kept of it, with all modification times."""
    shutil.rmtree(folder)
    shutil.copytree(folder.with_name("kept"), folder, symlinks=True)


@dataclass(frozen=True)
class OwnRun:
    """A finished run on own data: its manifest has no digests of files, its model is trained for one step.

    Args:
        folder: holds own.yaml, data/manifest.csv, and the root.
        result: what the run told.
    """

    folder: Path
    result: dict[str, Any]

    @property
    def config(self) -> Path:
        """The configuration."""
        return self.folder / "own.yaml"

    @property
    def root(self) -> Path:
        """The root with one pushed version."""
        return self.folder / "root"

    @property
    def manifest(self) -> Path:
        """The manifest."""
        return self.folder / "data" / "manifest.csv"


def without_digests(rows: list[dict[str, str]]) -> None:
    """Leave the files' digests out."""
    for row in rows:
        row["sha256"] = ""


@pytest.fixture(scope="session")
def own_run_made(demo_config: Path, starter: Starter, tmp_path_factory: pytest.TempPathFactory) -> OwnRun:
    """Run own data once for the tests that begin with such a run: files of such tests go to one worker."""
    folder = tmp_path_factory.mktemp("own_run") / "own"
    config = make_own_data(demo_config, folder, without_digests)
    words = ("run", config, "--root", folder / "root", "--json", *ONE_STEP)
    done = Started(starter, words, tmp_path_factory.mktemp("said")).finish()
    assert done.result["verdict"] == "pushed", done.stdout + done.stderr
    shutil.copytree(folder, folder.with_name("kept"), symlinks=True)
    return OwnRun(folder, done.result)


@pytest.fixture
def own_run(own_run_made: OwnRun) -> Iterator[OwnRun]:
    """A finished run on own data with the settings of `one_step`, to go on with; put back after the test."""
    yield own_run_made
    put_back(own_run_made.folder)


@pytest.fixture(scope="session")
def one_step() -> tuple[str, ...]:
    """Settings that train for one step and let every model pass."""
    return ONE_STEP


@pytest.fixture(scope="session")
def files_below() -> Callable[[Path], dict[str, tuple[int, int]]]:
    """Return size and modification time of every file below a folder."""

    def files(folder: Path) -> dict[str, tuple[int, int]]:
        found = (path for path in sorted(folder.rglob("*")) if path.is_file())
        return {str(path.relative_to(folder)): (path.stat().st_size, path.stat().st_mtime_ns) for path in found}

    return files


@pytest.fixture
def own_data(demo_config: Path, tmp_path: Path) -> Callable[[Callable[[list[dict[str, str]]], None]], Path]:
    """Make a configuration on demo data whose manifest rows a test may change first."""
    return lambda change: make_own_data(demo_config, tmp_path, change)


def make_own_data(demo_config: Path, folder: Path, change: Callable[[list[dict[str, str]]], None]) -> Path:
    """Write demo data with changed manifest rows into a folder, and a configuration of them; return its path."""
    manifest = folder / "data" / "manifest.csv"
    manifest.unlink(missing_ok=True)
    sources.index(DemoSource(kind="demo", patients=60), manifest)
    with manifest.open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    change(rows)
    with manifest.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    tree = yaml.safe_load(demo_config.read_text())
    tree["data"] |= {"manifest": str(manifest), "shard_rows": 32}  # several shards
    del tree["data"]["source"]
    path = folder / "own.yaml"
    path.write_text(yaml.safe_dump(tree))
    return path
