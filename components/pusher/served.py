"""What a serving folder serves now: its newest version, and whether that already is a given export."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from components.pusher.manifest import FileDigest


def newest_version(serving_dir: Path) -> int | None:
    """Return the version that TF Serving's default policy serves, None where there is none."""
    entries = serving_dir.iterdir() if serving_dir.is_dir() else ()
    return max((int(entry.name) for entry in entries if entry.name.isdecimal() and entry.is_dir()), default=None)


def file_digests(folder: Path) -> Mapping[str, FileDigest]:
    """Return path within a folder -> digest, for every file below it."""
    return {path.relative_to(folder).as_posix(): digest_of(path) for path in sorted(folder.rglob("*")) if path.is_file()}


def digest_of(path: Path) -> FileDigest:
    """Return the digest of one file."""
    with path.open("rb") as file:
        return FileDigest(hashlib.file_digest(file, "sha256").hexdigest(), path.stat().st_size)


def served_version_of(export: Path, serving_dir: Path) -> int | None:
    """Return the newest version if its files are those of the export, None otherwise."""
    newest = newest_version(serving_dir)
    if newest is None or file_digests(serving_dir / str(newest)) != file_digests(export):
        return None
    return newest
