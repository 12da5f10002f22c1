"""Removes old versions' files; their manifests stay, so that numbers and withdrawals are not forgotten."""

import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

from components.pusher.durable import STAGING, sync_folder
from components.pusher.folder_lock import held
from components.pusher.push import remove_leftovers
from components.pusher.served import is_whole
from components.pusher.versions import State, Version, must_have_renames, versions


@dataclass(frozen=True)
class Pruned:
    """What a removal came to.

    Args:
        removed: versions whose files are gone, the lowest first.
        freed: bytes.
    """

    removed: tuple[int, ...]
    freed: int


def prune(serving_dir: Path, keep: int) -> Pruned:
    """Keep the `keep` newest versions that a server sees, remove older ones and withdrawn ones, and what stopped pushes left.

    Kept besides: the served and the pinned version, the one that a rollback would serve, waiting versions, and versions
    without a manifest, which this project has not pushed.
    """
    must_have_renames(serving_dir)
    with held(serving_dir):
        remove_leftovers(serving_dir)
        chosen = dispensable(versions(serving_dir), keep)
        freed = sum(_size(version.folder) for version in chosen if version.folder)
        for version in chosen:
            _remove(serving_dir, version)
        return Pruned(tuple(version.number for version in chosen), freed)


def dispensable(known: list[Version], keep: int) -> list[Version]:
    """Return the versions that may go, the lowest number first."""
    visible = [version for version in known if version.visible]
    needed = {version.number for version in visible[-keep:]}
    needed |= {version.number for version in known if version.pinned or version.state in (State.SERVED, State.WAITING)}
    good = next((version for version in reversed(visible) if version.state is State.KEPT and is_whole(version)), None)
    if good:
        needed.add(good.number)
    return [version for version in known if version.folder and version.manifest and version.number not in needed]


def _remove(serving_dir: Path, version: Version) -> None:
    """Hide a version in one step, then remove it: a server never sees a part, and what a kill leaves the next push removes."""
    if version.folder is None:
        return
    hidden = serving_dir / f"{STAGING}{secrets.token_hex(8)}"
    version.folder.rename(hidden)
    sync_folder(serving_dir)
    shutil.rmtree(hidden)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
