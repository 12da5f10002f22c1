"""Whether a serving folder already holds an export, and whether what it holds is whole."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from components.pusher.manifest import FileDigest, model_digest
from components.pusher.versions import State, Version, served, versions


def file_digests(folder: Path) -> Mapping[str, FileDigest]:
    """Return path within a folder -> digest, for every file below it."""
    return {path.relative_to(folder).as_posix(): digest_of(path) for path in sorted(folder.rglob("*")) if path.is_file()}


def digest_of(path: Path) -> FileDigest:
    """Return the digest of one file."""
    with path.open("rb") as file:
        return FileDigest(hashlib.file_digest(file, "sha256").hexdigest(), path.stat().st_size)


def is_whole(version: Version) -> bool:
    """Tell whether a version's files are there and are those of its manifest."""
    return version.folder is not None and bool(version.files) and file_digests(version.folder) == version.files


def standing(export: Path, serving_dir: Path) -> Version | None:
    """Return what an export is in a serving folder: the served version, or else the newest that has its files.

    None when it was never pushed there, was pruned, or is damaged. A withdrawn version counts without its files: that it was
    taken back does not end with them.
    """
    digest = model_digest(file_digests(export))
    known = versions(serving_dir)
    ours = [version for version in known if version.model_digest == digest]
    newest = served(ours) or (ours[-1] if ours else None)
    if newest is None or newest.state is State.WITHDRAWN:
        return newest
    return newest if is_whole(newest) else None
