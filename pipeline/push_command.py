"""`medtfx push`: push a blessed model of a root again, or into another serving folder."""

import errno
import json
import os
from dataclasses import dataclass
from pathlib import Path

import typer

from components.pusher.manifest import Provenance
from components.pusher.object_store import push_objects
from components.pusher.push import push
from components.pusher.repeat import ModelRefusedError, blessed_files, provenance_of, version_to_repeat
from components.pusher.served import standing
from components.pusher.versions import State, Version, served, versions
from pipeline import logs
from pipeline.errors import ConfigError
from pipeline.root import Root
from pipeline.run_history import past_run
from pipeline.serving_folder import ServingFolder

LOG_FILE = "push.log"  # what TensorFlow says while the model is loaded
EXPORTS = "Trainer/model/*/Format-Serving"  # below the artifacts
NO_RENAME = (errno.ENOSYS, errno.ENOTSUP, errno.EXDEV, errno.EPERM, errno.EIO)


@dataclass(frozen=True)
class Target:
    """Where a push goes.

    Args:
        folder: the serving folder.
        objects: whether it is a mounted object store.
        base_path: how the server of an object store names the folder, None: as here.
    """

    folder: Path
    objects: bool = False
    base_path: str | None = None


def push_command(source: ServingFolder, what: str | None, target: Target, *, as_json: bool) -> None:
    """Push a version and say where it is.

    Raises:
        ConfigError: there is no such version or run, or its files are gone.
        ModelRefusedError: a gate did not bless it.
    """
    version = version_to_repeat(source.path, _number(source, what))
    exports = source.root.artifacts.glob(EXPORTS) if source.root else iter(())
    files = blessed_files(version, exports)
    pushed, new = _push(files, version, source, target)
    if as_json:
        told = {"version": pushed.number, "state": pushed.state.value, "pushed": new, "pushed_to": str(pushed.folder)}
        typer.echo(json.dumps(told))
        return
    again = "pushed" if new else "already there, nothing was copied"
    waits = "; it waits: another version is pinned (`medtfx pin --release`)" if pushed.state is State.WAITING else ""
    typer.echo(f"version {version.number} is {pushed.state.value} as {pushed.folder}: {again}{waits}")


def _number(source: ServingFolder, what: str | None) -> int:
    """Return the version that a user named: its number, a run, or nothing for the served one."""
    known = versions(source.path)
    if what is None:
        now = served(known)
        if now is None:
            raise ConfigError("nothing is served; name a version or a run")
        return now.number
    if what.isdecimal() and int(what) in {version.number for version in known}:
        return int(what)
    if source.root is None:
        raise ConfigError(f"version {what} is unknown here; `medtfx versions` lists what there is")
    return _version_of_run(source.root, what)


def _version_of_run(root: Root, what: str) -> int:
    """Return the version that a run came to.

    Raises:
        ConfigError: no run, or several, begin so.
        ModelRefusedError: the run came to no blessed model.
    """
    run = past_run(root, what)
    if run.summary["version"] is None:
        raise ModelRefusedError(f"run {run.run_id} came to {run.summary['verdict']}; only what every gate has blessed is pushed")
    return int(run.summary["version"])


def _push(files: Path, version: Version, source: ServingFolder, target: Target) -> tuple[Version, bool]:
    """Push unless the target serves these files already; return the version there and whether it is new."""
    found = standing(files, target.folder)
    if found is not None and found.state in (State.SERVED, State.WAITING):
        return found, False
    provenance = provenance_of(version, elsewhere=target.folder != source.path)
    log = source.root.logs / LOG_FILE if source.root else Path(os.devnull)
    try:
        with logs.captured(log):
            number = _copy(files, target, provenance)
    except OSError as error:
        if error.errno in NO_RENAME and not target.objects:
            raise ConfigError(
                f"{target.folder}: a folder can't be renamed there: {error.strerror}. For a mounted object store: --objects"
            ) from error
        raise
    return next(known for known in versions(target.folder) if known.number == number), True


def _copy(files: Path, target: Target, provenance: Provenance) -> int:
    """Load the files as a server would, then push them; return the version."""
    from components.pusher.load_check import check_loads  # noqa: PLC0415 - TensorFlow loads here

    if target.objects:
        return push_objects(files, target.folder, provenance=provenance, check=check_loads, base_path=target.base_path)
    return push(files, target.folder, provenance=provenance, check=check_loads)
