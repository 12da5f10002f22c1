"""What a serving folder serves now: its newest version, and whether that already is a given export."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from components.pusher.manifest import FileDigest, manifest_path


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


def is_whole(serving_dir: Path, version: int) -> bool:
    """Tell whether a version's files are there and are those of its manifest."""
    try:
        promised = json.loads(manifest_path(serving_dir, version).read_text())["files"]
    except (OSError, ValueError, KeyError):
        return False
    found = file_digests(serving_dir / str(version))
    return {path: (digest.sha256, digest.size) for path, digest in found.items()} == {
        path: (digest["sha256"], digest["bytes"]) for path, digest in promised.items()
    }


def served_version_of(export: Path, serving_dir: Path) -> int | None:
    """Return the newest version if its files are those of the export, None otherwise."""
    newest = newest_version(serving_dir)
    if newest is None or file_digests(serving_dir / str(newest)) != file_digests(export):
        return None
    return newest
