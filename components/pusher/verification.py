"""Holds what lies in a serving folder against the manifests, byte by byte."""

from dataclasses import dataclass
from pathlib import Path

from components.pusher.served import digest_of
from components.pusher.versions import Version, is_object_store


@dataclass(frozen=True)
class Difference:
    """One thing that is not as the manifest says.

    Args:
        kind: 'missing', 'extra', 'changed', 'closed' (other users can't read it) or 'no manifest'.
        file: path within the version, '' for the version itself.
    """

    kind: str
    file: str = ""


def differences(version: Version) -> list[Difference]:
    """Compare a version's files with its manifest, by their SHA-256; a version whose files are gone has nothing to differ."""
    if version.folder is None:
        return []
    if not version.files:
        return [Difference("no manifest")]
    promised = version.files
    found = {path.relative_to(version.folder).as_posix(): path for path in version.folder.rglob("*") if path.is_file()}
    different = [Difference("missing", name) for name in promised.keys() - found.keys()]
    different += [Difference("extra", name) for name in found.keys() - promised.keys()]
    both = promised.keys() & found.keys()
    different += [Difference("changed", name) for name in both if digest_of(found[name]) != promised[name]]
    closed = [] if is_object_store(version.folder.parent) else _closed(version.folder)  # a mount has modes of its own
    return sorted(different + closed, key=lambda difference: (difference.file, difference.kind))


def _closed(folder: Path) -> list[Difference]:
    """Return what a server under another user can't read."""
    entries = [folder, *folder.rglob("*")]
    needed = {True: 0o005, False: 0o004}
    closed = [entry for entry in entries if entry.stat().st_mode & needed[entry.is_dir()] != needed[entry.is_dir()]]
    return [Difference("closed", "" if entry == folder else entry.relative_to(folder).as_posix()) for entry in closed]
