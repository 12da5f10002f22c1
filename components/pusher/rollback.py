"""Takes versions back: a server with TF Serving's default policy serves the earlier one at its next look at the folder.

A version is withdrawn by renaming its folder to a hidden name. Nothing is copied or loaded, and a number goes on naming one
model: a client that asks for the withdrawn number is told that there is none, as it should be. (tensorflow/serving,
file_system_storage_path_source.cc: each poll aspires to the highest number that it finds, also when that has become lower.)
"""

from dataclasses import dataclass
from pathlib import Path

from components.pusher.durable import sync_folder
from components.pusher.folder_lock import held
from components.pusher.served import is_whole
from components.pusher.versions import (
    State,
    Version,
    must_have_renames,
    served,
    versions,
    withdrawal_path,
    withdrawn_folder,
    write_record,
)
from pipeline.errors import ConfigError


class DamagedVersionError(ConfigError):
    """A version's files are not those of its manifest."""


@dataclass(frozen=True)
class Rollback:
    """What a rollback did.

    Args:
        serves: the version that is served now.
        withdrawn: the versions taken back, the lowest first.
    """

    serves: int
    withdrawn: tuple[int, ...]


def roll_back(serving_dir: Path, to: int | None = None) -> Rollback:
    """Serve an earlier version again: `to`, or the newest one below the served one whose files are whole.

    Raises:
        ConfigError: a version is pinned, or there is no such earlier version.
        DamagedVersionError: its files are not those of its manifest; nothing is changed.
    """
    must_have_renames(serving_dir)
    with held(serving_dir):
        known = versions(serving_dir)
        pinned = next((version.number for version in known if version.pinned), None)
        if pinned is not None:
            raise ConfigError(f"version {pinned} is pinned and stays served; release it first: medtfx pin --release")
        target = last_good(known) if to is None else _asked_for(known, to)
        higher = [version.number for version in known if version.visible and version.number > target.number]
        for number in higher:  # upwards: until the served one goes, and with it all, no server changes
            withdraw(serving_dir, number, instead=target.number)
        return Rollback(target.number, tuple(higher))


def withdraw(serving_dir: Path, number: int, *, instead: int) -> None:
    """Take one version back; the record comes first, so that no run pushes the model again whatever happens next."""
    write_record(withdrawal_path(serving_dir, number), version=number, served_instead=instead)
    (serving_dir / str(number)).rename(withdrawn_folder(serving_dir, number))
    sync_folder(serving_dir)


def last_good(known: list[Version]) -> Version:
    """Return the newest version below the served one whose files are whole.

    Raises:
        ConfigError: there is none.
    """
    kept = [version for version in reversed(known) if version.state is State.KEPT]
    for version in kept:
        if is_whole(version):
            return version
    damaged = f", and {len(kept)} damaged ones; `medtfx verify` names the files" if kept else ""
    now = served(known)
    raise ConfigError(
        f"there is no earlier version to serve: the folder holds {now.number if now else 'none'}{damaged}. "
        "To serve nothing, stop the server."
    )


def _asked_for(known: list[Version], to: int) -> Version:
    """Return the version that a user named.

    Raises:
        ConfigError: it is not below the served one, or not in the folder.
        DamagedVersionError: its files are not whole.
    """
    version = next((version for version in known if version.number == to), None)
    now = served(known)
    if version is None or version.state is not State.KEPT:
        state = "unknown here" if version is None else version.state.value
        kept = ", ".join(str(version.number) for version in known if version.state is State.KEPT) or "none"
        raise ConfigError(
            f"version {to} is {state}; expected one below the served {now.number if now else 'one (there is none)'} "
            f"that the folder still holds: {kept}. `medtfx push {to}` pushes a version again."
        )
    if not is_whole(version):
        raise DamagedVersionError(f"version {to} is damaged; nothing was changed. `medtfx verify` names the files.")
    return version
