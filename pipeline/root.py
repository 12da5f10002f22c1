"""The folder that holds everything a run leaves: metadata, artifacts, logs, reports, the serving folder.

root/            0711: others may pass through to serving/, and read nothing else
  format         version of this layout
  lock           held by the run that works here
  unfinished.json  run id and digest of a run that did not end
  metadata.sqlite  ML Metadata: executions, artifacts, lineage
  metadata.json  instead: the server that keeps it
  artifacts/     one folder per node, output and execution
  quarantine.jsonl  files that runs set aside, and what became of them since
  forgotten.jsonl  patients who were forgotten, by keyed hash: when, what was deleted, which versions saw them
  runs/          <run id>/: what the nodes of a run tell each other where each is a process of its own (run_record.py)
  locks/         held by such a node while it works
  work/          what a killed or failed node continues from: shards, checkpoints; empty after a verdict
  schema/        the curated schema with the run's classes and slices, and the user's own
  logs/          everything that TFX and TensorFlow say
  reports/       <run id>.html, <run id>.json, latest.html
  serving/       <name>/<version>/: what TF Serving reads
"""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from components.pusher.durable import open_to_readers
from pipeline.errors import ConfigError, RootInUseError

FORMAT = 1
PRIVATE = ("artifacts", "work", "schema", "logs", "reports", "runs", "locks")


@dataclass(frozen=True)
class Root:
    """Paths below a state root."""

    path: Path

    @property
    def metadata(self) -> Path:
        """SQLite file of ML Metadata."""
        return self.path / "metadata.sqlite"

    @property
    def artifacts(self) -> Path:
        """Root of the nodes' outputs."""
        return self.path / "artifacts"

    @property
    def work(self) -> Path:
        """Folder for what a killed node continues from."""
        return self.path / "work"

    @property
    def schema(self) -> Path:
        """Folder of generated schemas."""
        return self.path / "schema"

    @property
    def logs(self) -> Path:
        """Folder of run logs."""
        return self.path / "logs"

    @property
    def reports(self) -> Path:
        """Folder of reports."""
        return self.path / "reports"

    @property
    def runs(self) -> Path:
        """Folder of the records of runs whose nodes are processes of their own."""
        return self.path / "runs"

    @property
    def locks(self) -> Path:
        """Folder of those nodes' locks."""
        return self.path / "locks"

    def serving(self, name: str) -> Path:
        """Folder whose numeric subfolders are the served versions of a model."""
        return self.path / "serving" / name

    @property
    def unfinished(self) -> Path:
        """File that names the run to take up."""
        return self.path / "unfinished.json"


def prepare(path: Path) -> Root:
    """Create or check a state root.

    Raises:
        ConfigError: when it can't be written or was laid out by another version.
    """
    root = Root(path.absolute())
    make_folder(path)
    with usable(root.path):
        check_format(root)
        root.path.chmod(0o711)
        for name in PRIVATE:
            (root.path / name).mkdir(mode=0o700, exist_ok=True)
        (root.path / "serving").mkdir(mode=0o755, exist_ok=True)
        open_to_readers(root.path / "serving")
    return root


def make_folder(path: Path) -> None:
    """Make a root's folder and its parents where they are absent.

    Raises:
        ConfigError: when that can't be done.
    """
    with usable(path.absolute()):
        path.mkdir(parents=True, exist_ok=True)


@contextmanager
def usable(path: Path) -> Iterator[None]:
    """Turn what the system refuses within into a ConfigError about the root."""
    try:
        yield
    except OSError as error:
        raise ConfigError(f"{path}: can't be used as root: {error.strerror}. Choose another with --root.") from error


def check_format(root: Root) -> None:
    """Write the layout's version into a new root, compare it in an old one; an empty `format` is what a crash left of a new one.

    Raises:
        ConfigError: for a folder that holds something else, or another version's root.
    """
    marker = root.path / "format"
    if not marker.exists():
        strangers = [entry.name for entry in root.path.iterdir() if not entry.name.startswith(".format.")]
        if strangers:
            raise ConfigError(f"{root.path}: is not empty and not a medtfx root. Choose another with --root.")
    if not marker.exists() or not marker.read_text().strip():
        write_atomically(marker, f"{FORMAT}\n")
    found = marker.read_text().strip()
    if found != str(FORMAT):
        raise ConfigError(f"{root.path}: has layout version {found!r}; this medtfx expects {FORMAT}. Choose another with --root.")


@contextmanager
def locked(root: Root) -> Iterator[None]:
    """Hold a root for one run; the lock goes with the process, however it ends.

    Raises:
        RootInUseError: when another run, or a node of one, holds it.
    """
    with _held(root, fcntl.LOCK_EX):
        yield


@contextmanager
def shared(root: Root) -> Iterator[None]:
    """Hold a root for one node: nodes share it with each other, and with no run that holds it for itself.

    Raises:
        RootInUseError: when a run holds it.
    """
    with _held(root, fcntl.LOCK_SH):
        yield


@contextmanager
def _held(root: Root, kind: int) -> Iterator[None]:
    with (root.path / "lock").open("a+") as lock:
        try:
            fcntl.flock(lock, kind | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.seek(0)
            holder = lock.read().strip() or "unknown"
            raise RootInUseError(f"{root.path}: another run works here (process {holder}). Wait for it or use --root.") from error
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield


def unfinished_run(root: Root, digest: str) -> str | None:
    """Return the id of a run with this digest that was killed or interrupted, None if there is none on record."""
    try:
        record = json.loads(root.unfinished.read_text())
    except (FileNotFoundError, ValueError):
        return None
    if not isinstance(record, dict) or record.get("digest") != digest:
        return None
    run_id = record.get("run_id")
    return run_id if isinstance(run_id, str) and run_id else None


def begin(root: Root, run_id: str, digest: str) -> None:
    """Record a run as unfinished."""
    write_atomically(root.unfinished, json.dumps({"run_id": run_id, "digest": digest}))


def end(root: Root) -> None:
    """Forget the unfinished run: it has come to a verdict or failed."""
    root.unfinished.unlink(missing_ok=True)


def sweep(root: Root) -> None:
    """Remove what nodes could continue from; for a run that has come to a verdict, when no unfinished one is on record but it.

    What lies there then was left by runs that can't be taken up any more: killed, and followed by another configuration.
    """
    for leftover in root.work.iterdir():
        shutil.rmtree(leftover, ignore_errors=True)  # what can't be removed now, the next run removes


def write_atomically(path: Path, content: str | bytes) -> None:
    """Write a file so that a reader sees the old content or the new one, never a part."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")  # two processes may prepare one root
    temporary.write_bytes(content.encode() if isinstance(content, str) else content)
    temporary.replace(path)


def keep_report(root: Root, run_id: str, report: Path) -> Path:
    """Copy a run's report to reports/<run id>.html and reports/latest.html; return the former."""
    kept = root.reports / f"{run_id}.html"
    for target in (kept, root.reports / "latest.html"):
        temporary = target.with_name(f".{target.name}.tmp")
        shutil.copyfile(report, temporary)
        temporary.replace(target)
    return kept
