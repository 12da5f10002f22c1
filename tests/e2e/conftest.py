"""Whole runs, as a user starts them: the `medtfx` command in a process of its own."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from pipeline import sources
from pipeline.config import DemoSource

# Small and quick, and still good enough to be pushed.
DEMO = """
name: demo
data:
  manifest: {folder}/data/manifest.csv
  source: {{kind: demo, patients: 150}}
  classes: [normal, nodule, effusion]
  slices: [sex, site]
  pseudonym_key_file: {project}/configs/demo.key
image: {{size: 32, channels: 1}}
training: {{model: compact_resnet, steps: 80, batch_size: 32, learning_rate: 0.003}}
evaluation:
  thresholds: [{{metric: auc, at_least: 0.6}}]
gate:
  rules: [{{measure: specificity, label: nodule, at_least: 0.3}}]
"""
METADATA_PASSWORD = "swordfish-in-no-log"  # of tests/mariadb_server.py


@dataclass(frozen=True)
class Finished:
    """A finished command."""

    code: int
    stdout: str
    stderr: str

    @property
    def result(self) -> dict[str, Any]:
        """The JSON object of the last line."""
        content = json.loads(self.stdout.strip().splitlines()[-1])
        return dict(content)


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
        assert "Traceback" not in done.stdout + done.stderr, done.stderr[-3000:]
        return Finished(done.returncode, done.stdout, done.stderr)

    return run


class Starter:
    """Starts commands whose imports are done; see warm_start.py."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        """Talk to a process of warm_start.py."""
        self._process = process

    def ask(self, **request: Any) -> Any:
        """Return the answer to a request."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps(request), file=self._process.stdin, flush=True)
        return json.loads(self._process.stdout.readline())


class Started:
    """A command that goes on, in a process group of its own."""

    def __init__(self, starter: Starter, words: tuple[str | Path, ...], folder: Path, *, ordinary: bool) -> None:
        """Start the command, with an ordinary user's rights if so asked; what it says goes to files of the folder."""
        self._starter, self._folder = starter, folder
        self.pid: int = starter.ask(start=[str(word) for word in words], folder=str(folder), ordinary=ordinary)
        self.code: int | None = None

    def ended(self) -> bool:
        """Tell whether the process is gone."""
        if self.code is None:
            self.code = self._starter.ask(poll=self.pid)
        return self.code is not None

    def wait_for(self, word: str) -> None:
        """Wait until stderr holds a word, or the command ends."""
        while word not in self._said("stderr") and not self.ended():
            time.sleep(0.01)

    def end(self, number: signal.Signals) -> Finished:
        """Send a signal to the whole group, and return what the command said until it ended."""
        if not self.ended():
            os.killpg(self.pid, number)
        return self.finish()

    def finish(self) -> Finished:
        """Wait for the end and return it."""
        deadline = time.monotonic() + 300
        while not self.ended():
            assert time.monotonic() < deadline, self._said("stderr")
            time.sleep(0.02)
        assert self.code is not None
        return Finished(self.code, self._said("stdout"), self._said("stderr"))

    def _said(self, name: str) -> str:
        file = self._folder / name
        return file.read_text() if file.exists() else ""


@pytest.fixture(scope="session")
def starter(project: Path) -> Iterator[Starter]:
    """The process that commands are forked from; it ends with its stdin."""
    words = [sys.executable, project / "tests" / "e2e" / "warm_start.py"]
    environment = os.environ | {"PYTHONPATH": str(project), "MEDTFX_METADATA_PASSWORD": METADATA_PASSWORD}
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment) as process:
        yield Starter(process)


@pytest.fixture
def start(starter: Starter, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Started]:
    """Start a command with its imports done; it goes on while the test does."""
    return lambda *words, ordinary=False: Started(starter, words, tmp_path_factory.mktemp("said"), ordinary=ordinary)


@pytest.fixture
def quickly(start: Callable[..., Started]) -> Medtfx:
    """Run a command with its imports done to its end."""
    return lambda *words: start(*words).finish()


@pytest.fixture
def ordinary_medtfx(start: Callable[..., Started]) -> Medtfx:
    """Run a command to its end with no more rights than the files' modes give."""
    return lambda *words: start(*words, ordinary=True).finish()


@pytest.fixture(scope="session")
def demo_config(tmp_path_factory: pytest.TempPathFactory, project: Path) -> Path:
    """A configuration of the generated demo, smaller than the shipped one."""
    folder = tmp_path_factory.mktemp("demo")
    path = folder / "demo.yaml"
    path.write_text(DEMO.format(folder=folder, project=project))
    return path


@pytest.fixture(scope="session")
def pushed_run(demo_config: Path, medtfx: Medtfx, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Finished]:
    """A root with one pushed version, and what its run said; tests that change the root copy it first."""
    root = tmp_path_factory.mktemp("pushed") / "root"
    done = medtfx("run", demo_config, "--root", root, "--json")
    assert done.code == 0, done.stdout + done.stderr
    return root, done


@pytest.fixture(scope="session")
def files_below() -> Callable[[Path], dict[str, tuple[int, int]]]:
    """Return size and modification time of every file below a folder."""

    def files(folder: Path) -> dict[str, tuple[int, int]]:
        found = (path for path in sorted(folder.rglob("*")) if path.is_file())
        return {str(path.relative_to(folder)): (path.stat().st_size, path.stat().st_mtime_ns) for path in found}

    return files


@pytest.fixture
def own_data(demo_config: Path, project: Path, tmp_path: Path) -> Callable[[Callable[[list[dict[str, str]]], None]], Path]:
    """Make a configuration on demo data whose manifest rows a test may change first."""

    def make(change: Callable[[list[dict[str, str]]], None]) -> Path:
        manifest = tmp_path / "data" / "manifest.csv"
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
        tree["data"] |= {"manifest": str(manifest)}
        del tree["data"]["source"]
        path = tmp_path / "own.yaml"
        path.write_text(yaml.safe_dump(tree))
        return path

    return make
