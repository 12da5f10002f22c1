"""Makes an export the next version of a serving folder in one rename.

A server polls the folder every second and takes a numeric name for a whole version, so everything happens under a name
that no server looks at: copy, fsync, load check; then the manifest; then one rename. Whatever stops a push before the
rename (kill -9, a full disk) leaves at most a hidden folder, which the next push removes, and a manifest without a
version, whose number is not used again.
"""

import hashlib
import os
import re
import secrets
import shutil
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from components.pusher.durable import STAGING, open_to_readers, sync_folder
from components.pusher.folder_lock import held, is_held
from components.pusher.manifest import FileDigest, Provenance, write_manifest
from components.pusher.versions import pinned_version, waiting_folder

_VERSION = re.compile(r"(\d+)(\.json)?")
_BLOCK = 1 << 20  # bytes copied at a time


def push(export: Path, serving_dir: Path, *, provenance: Provenance, check: Callable[[Path], None]) -> int:
    """Push an export and return its version; while another version is pinned it waits under a hidden name.

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
    staging = serving_dir / f"{STAGING}{secrets.token_hex(8)}"
    with ExitStack() as undo:  # what can't be removed now, the next push removes
        undo.callback(shutil.rmtree, staging, ignore_errors=True)
        with held(serving_dir):
            remove_leftovers(serving_dir)
            staging.mkdir()
            undo.enter_context(held(staging))
        files = copy_folder(export, staging)
        check(staging)
        with held(serving_dir):
            version = next_version(serving_dir, now=int(time.time()))
            manifest = write_manifest(serving_dir, version, files=files, provenance=provenance)
            try:
                staging.rename(_name_of(serving_dir, version))
            finally:
                _remove_without_version(manifest)
            sync_folder(serving_dir)
    return version


def _name_of(serving_dir: Path, version: int) -> Path:
    """Return what a new version is called: hidden while another is pinned."""
    pinned = pinned_version(serving_dir) is not None
    return waiting_folder(serving_dir, version) if pinned else serving_dir / str(version)


def next_version(serving_dir: Path, *, now: int) -> int:
    """Return a version above all that were ever there: `now` (seconds since 1970), or one more than the highest.

    Manifests outlive their versions, so that a removed version's number is not used again.
    """
    names = (_VERSION.fullmatch(entry.name) for entry in serving_dir.iterdir())
    return max([now, *(int(name[1]) + 1 for name in names if name)])


def remove_leftovers(serving_dir: Path) -> None:
    """Remove what a stopped push or removal left; to be called while the folder is held.

    Raises:
        OSError: something can't be removed.
    """
    for leftover in serving_dir.glob(f"{STAGING}*"):
        if not leftover.is_dir():
            leftover.unlink()
        elif not is_held(leftover):  # another push is still copying into it
            shutil.rmtree(leftover)


def _remove_without_version(manifest: Path) -> None:
    """Remove a manifest whose version never came; an interrupt just after the rename changes nothing."""
    version = int(manifest.stem)
    if not any(folder.exists() for folder in (manifest.with_suffix(""), waiting_folder(manifest.parent, version))):
        manifest.unlink(missing_ok=True)


def copy_folder(source: Path, target: Path) -> dict[str, FileDigest]:
    """Copy a folder onto the disk, readable by every user, and return path within it -> digest."""
    target.mkdir(exist_ok=True)
    target.chmod(0o755)
    digests = {}
    for entry in sorted(source.iterdir()):
        if entry.is_dir():
            nested = copy_folder(entry, target / entry.name)
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
