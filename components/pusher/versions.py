"""The versions of a serving folder, as its names and manifests tell; there is no other record of them.

<version>/               a server takes it for a version; TF Serving's default policy serves the highest number
.waiting-<version>/      pushed while another version was pinned
.withdrawn-<version>/    taken back by a rollback
<version>.json           the manifest; it outlives the version, so that a number is never used for another model
<version>.withdrawn.json when it was taken back, and what was served instead
pinned.json              the version that stays served whatever is pushed
models.config            in a mounted object store only: names the served version (object_store.py)

Every change of state is one rename of a folder; a server looks at names of digits only.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from components.pusher.durable import write_durably
from components.pusher.manifest import FileDigest, manifest_path
from pipeline.errors import ConfigError

PIN_FILE = "pinned.json"
CONFIG_FILE = "models.config"
_NAME = re.compile(r"(?P<state>\.waiting-|\.withdrawn-)?(?P<number>\d+)(?P<record>\.json|\.withdrawn\.json)?")


class State(StrEnum):
    """What became of a version."""

    SERVED = "served"  # the highest number; in an object store the one that models.config names
    KEPT = "kept"  # another that a server sees: a rollback can serve a lower one again
    WAITING = "waiting"  # hidden until the pin is released
    WITHDRAWN = "withdrawn"  # hidden; no run pushes this model again
    REMOVED = "removed"  # its files are gone, its manifest is left


@dataclass(frozen=True)
class Version:
    """One version.

    Args:
        number: its name.
        state: what became of it.
        folder: where its files lie, None when they are gone.
        manifest: what its manifest says; empty without a readable one.
        pinned: whether it is the pinned one.
        withdrawn: what the record of its withdrawal says; empty for any other.
    """

    number: int
    state: State
    folder: Path | None
    manifest: Mapping[str, Any] = field(repr=False)
    pinned: bool = False
    withdrawn: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def visible(self) -> bool:
        """Tell whether a server sees it."""
        return self.state in (State.SERVED, State.KEPT)

    @property
    def model_digest(self) -> str:
        """SHA-256 over all its files, '' without a manifest."""
        return str(self.manifest.get("model_digest", ""))

    @property
    def files(self) -> dict[str, FileDigest]:
        """Path within the version -> digest, as the manifest promises."""
        listed = self.manifest.get("files", {})
        return {path: FileDigest(digest["sha256"], digest["bytes"]) for path, digest in listed.items()}


def versions(serving_dir: Path) -> list[Version]:
    """Return every version that a serving folder knows, the lowest number first."""
    folders: dict[int, tuple[str, Path]] = {}
    numbers = set()
    for entry in serving_dir.iterdir() if serving_dir.is_dir() else ():
        name = _NAME.fullmatch(entry.name)
        if name is None or bool(name["record"]) == entry.is_dir():
            continue
        number = int(name["number"])
        numbers.add(number)
        if entry.is_dir() and (number not in folders or not name["state"]):  # what a server sees counts first
            folders[number] = (name["state"] or "", entry)
    now = named_version(serving_dir) or max((number for number, (state, _) in folders.items() if not state), default=None)
    pin = pinned_version(serving_dir)
    return [_version(serving_dir, number, found=folders.get(number), now=now, pin=pin) for number in sorted(numbers)]


def _version(serving_dir: Path, number: int, *, found: tuple[str, Path] | None, now: int | None, pin: int | None) -> Version:
    record = read_record(withdrawal_path(serving_dir, number))
    name, folder = found or (None, None)
    if name == "":
        state = State.SERVED if number == now else State.KEPT
    elif name == ".waiting-":
        state = State.WAITING
    else:
        state = State.WITHDRAWN if name or record else State.REMOVED
    manifest = read_record(manifest_path(serving_dir, number))
    return Version(number, state, folder, manifest, pinned=number == pin, withdrawn=record if state is State.WITHDRAWN else {})


def served(known: list[Version]) -> Version | None:
    """Return the version that TF Serving's default policy serves."""
    return next((version for version in known if version.state is State.SERVED), None)


def read_record(path: Path) -> dict[str, Any]:
    """Return the JSON object of a file, empty where there is none."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def write_record(path: Path, **content: int | str | None) -> None:
    """Write a JSON object durably, with the time."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    write_durably(path, json.dumps({**content, "time": now}).encode())


def pinned_version(serving_dir: Path) -> int | None:
    """Return the pinned version, None when there is no pin or somebody has deleted what it holds."""
    number = read_record(serving_dir / PIN_FILE).get("version")
    return number if isinstance(number, int) and (serving_dir / str(number)).is_dir() else None


def is_object_store(serving_dir: Path) -> bool:
    """Tell whether a server of this folder follows models.config, and not the highest number."""
    return (serving_dir / CONFIG_FILE).exists()


def named_version(serving_dir: Path) -> int | None:
    """Return the version that models.config names, None without that file."""
    if not is_object_store(serving_dir):
        return None
    named = re.search(r"versions: (\d+)", (serving_dir / CONFIG_FILE).read_text(encoding="utf-8"))
    return int(named[1]) if named else None


def must_have_renames(serving_dir: Path) -> None:
    """Refuse an object store, where a version can't be hidden by a rename.

    Raises:
        ConfigError: the folder is one.
    """
    if is_object_store(serving_dir):
        raise ConfigError(
            "this is an object store, where folders can't be renamed; push the version that you want served: "
            "medtfx push VERSION --to FOLDER --objects"
        )


def withdrawal_path(serving_dir: Path, version: int) -> Path:
    """Return where the record of a withdrawal lies."""
    return serving_dir / f"{version}.withdrawn.json"


def waiting_folder(serving_dir: Path, version: int) -> Path:
    """Return the name of a version that waits for the release of a pin."""
    return serving_dir / f".waiting-{version}"


def withdrawn_folder(serving_dir: Path, version: int) -> Path:
    """Return the name of a version that was taken back."""
    return serving_dir / f".withdrawn-{version}"
