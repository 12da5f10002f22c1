"""Files and folders that servers read: on the disk, not only in memory, before the next step counts on them."""

import os
import stat
from pathlib import Path

STAGING = ".pushing-"  # what a push in progress is named by; no server takes such a name for a version


def open_to_readers(folder: Path) -> None:
    """Let every user list a folder; who may write there stays as it is: a folder closed to writing is somebody's will."""
    mode = stat.S_IMODE(folder.stat().st_mode)
    if mode & 0o055 != 0o055:
        folder.chmod(mode | 0o055)


def sync_folder(folder: Path) -> None:
    """Bring a folder's entries onto the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_durably(path: Path, content: bytes) -> None:
    """Write a file under a temporary name, bring it onto the disk, then rename it."""
    temporary = path.with_name(f"{STAGING}{path.name}")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), 0o644)
            os.fsync(file.fileno())
        temporary.rename(path)
    finally:
        temporary.unlink(missing_ok=True)  # renamed away, unless something stopped it
    sync_folder(path.parent)
