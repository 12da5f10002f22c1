"""Pins a version: it stays served whatever is pushed, until the pin is released.

A server follows the folder's highest number, so a pin works on the folder alone: higher versions wait under hidden names.
"""

from pathlib import Path

from components.pusher.durable import sync_folder
from components.pusher.folder_lock import held
from components.pusher.served import is_whole
from components.pusher.versions import PIN_FILE, State, Version, must_have_renames, versions, waiting_folder, write_record
from pipeline.errors import ConfigError


def pin(serving_dir: Path, number: int) -> tuple[int, ...]:
    """Serve a version until the pin is released, and return the versions that wait from now on, the lowest first.

    Pinning another version moves the pin. The pin is recorded first: a push that comes in between waits already.

    Raises:
        ConfigError: the folder does not hold the version, or it is damaged.
    """
    must_have_renames(serving_dir)
    with held(serving_dir):
        known = versions(serving_dir)
        target = next((version for version in known if version.number == number), None)
        if target is None or target.folder is None or target.state is State.WITHDRAWN:
            state = "unknown here" if target is None else target.state.value
            raise ConfigError(f"version {number} is {state}; expected one that is served, kept or waiting: {_names(known)}")
        if not is_whole(target):
            raise ConfigError(f"version {number} is damaged; nothing was changed. `medtfx verify` names the files.")
        if target.state is State.WAITING:
            _show(serving_dir, target)
        write_record(serving_dir / PIN_FILE, version=number)
        higher = tuple(version.number for version in known if version.visible and version.number > number)
        for waiting in higher:  # upwards, so that a server changes once
            (serving_dir / str(waiting)).rename(waiting_folder(serving_dir, waiting))
        sync_folder(serving_dir)
        return higher


def release(serving_dir: Path) -> tuple[int, ...]:
    """Let the newest version be served again, and return the versions that have waited, the lowest first.

    Raises:
        ConfigError: nothing is pinned.
    """
    with held(serving_dir):
        waiting = [version for version in versions(serving_dir) if version.state is State.WAITING]
        if not waiting and not (serving_dir / PIN_FILE).exists():
            raise ConfigError("no version is pinned")
        for version in reversed(waiting):  # downwards: a server goes straight to the newest
            _show(serving_dir, version)
        (serving_dir / PIN_FILE).unlink(missing_ok=True)
        sync_folder(serving_dir)
        return tuple(version.number for version in waiting)


def _show(serving_dir: Path, version: Version) -> None:
    waiting_folder(serving_dir, version.number).rename(serving_dir / str(version.number))


def _names(known: list[Version]) -> str:
    found = [str(version.number) for version in known if version.visible or version.state is State.WAITING]
    return ", ".join(found) or "none"
