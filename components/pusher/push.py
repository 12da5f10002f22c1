"""Makes an export the next version of a serving folder in one rename.

A server polls the folder every second and takes a numeric name for a whole version, so everything happens under a name
that no server looks at: copy, fsync, load check; then the manifest; then one rename. Whatever stops a push before the
rename (kill -9, a full disk) leaves at most a hidden folder, which the next push removes, and a manifest without a
version, whose number is not used again.
"""

import fcntl
import hashlib
import os
import re
import secrets
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from components.pusher.durable import STAGING, open_to_readers, sync_folder
from components.pusher.manifest import FileDigest, Provenance, write_manifest

_VERSION = re.compile(r"(\d+)(\.json)?")
_BLOCK = 1 << 20  # bytes copied at a time


def push(export: Path, serving_dir: Path, *, provenance: Provenance, check: Callable[[Path], None]) -> int:
    """Push an export and return its version.

    Args:
        export: folder of a SavedModel.
        serving_dir: folder of the served model's versions; made when absent.
        provenance: what the manifest says that the version stands on.
        check: raises when the copy can't be loaded.

    Raises:
        OSError: the disk is full or not writable; the serving folder is as it was.
    """
    serving_dir.mkdir(parents=True, exist_ok=True)
    open_to_readers(serving_dir)
    sync_folder(serving_dir.parent)
    with _only_push(serving_dir):
        _remove_leftovers(serving_dir)
        staging = serving_dir / f"{STAGING}{secrets.token_hex(8)}"
        with ExitStack() as undo:  # what can't be removed now, the next push removes
            undo.callback(shutil.rmtree, staging, ignore_errors=True)
            files = _copy_folder(export, staging)
            check(staging)
            version = next_version(serving_dir, now=int(time.time()))
            manifest = write_manifest(serving_dir, version, files=files, provenance=provenance)
            undo.callback(_remove_without_version, manifest)
            staging.rename(serving_dir / str(version))
            undo.pop_all()
        sync_folder(serving_dir)
    return version


def next_version(serving_dir: Path, *, now: int) -> int:
    """Return a version above all that were ever there: `now` (seconds since 1970), or one more than the highest.

    Manifests outlive their versions, so that a removed version's number is not used again.
    """
    names = (_VERSION.fullmatch(entry.name) for entry in serving_dir.iterdir())
    return max([now, *(int(name[1]) + 1 for name in names if name)])


@contextmanager
def _only_push(serving_dir: Path) -> Iterator[None]:
    """Wait until no other process pushes into this folder; the system lifts the lock of a killed one."""
    descriptor = os.open(serving_dir, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _remove_leftovers(serving_dir: Path) -> None:
    for leftover in serving_dir.glob(f"{STAGING}*"):
        if leftover.is_dir():
            shutil.rmtree(leftover)
        else:
            leftover.unlink()


def _remove_without_version(manifest: Path) -> None:
    """Remove a manifest whose version never came; an interrupt just after the rename changes nothing."""
    if not manifest.with_suffix("").exists():
        manifest.unlink(missing_ok=True)


def _copy_folder(source: Path, target: Path) -> dict[str, FileDigest]:
    """Copy a folder onto the disk and return path within it -> digest."""
    target.mkdir()
    target.chmod(0o755)
    digests = {}
    for entry in sorted(source.iterdir()):
        if entry.is_dir():
            nested = _copy_folder(entry, target / entry.name)
            digests.update({f"{entry.name}/{path}": digest for path, digest in nested.items()})
        else:
            digests[entry.name] = _copy_file(entry, target / entry.name)
    sync_folder(target)
    return digests


def _copy_file(source: Path, target: Path) -> FileDigest:
    digest = hashlib.sha256()
    with source.open("rb") as reader, target.open("wb") as writer:
        while block := reader.read(_BLOCK):
            digest.update(block)
            writer.write(block)
        size = writer.tell()
        writer.flush()
        os.fchmod(writer.fileno(), 0o644)
        os.fsync(writer.fileno())
    return FileDigest(digest.hexdigest(), size)
