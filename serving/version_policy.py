"""Which version folders of a model are to be served: TF Serving's rules, as pure functions.

Source: tensorflow/serving, sources/storage_path/file_system_storage_path_source.cc and core/availability_preserving_policy.cc.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from typing import Literal, NamedTuple

MAX_VERSION = 2**63 - 1
LONGEST_NAME = 255  # of a folder; Python refuses to convert numbers of some thousand digits


class State(IntEnum):
    """Where a version is in its life; the numbers are those of ModelVersionStatus.State."""

    START = 10
    LOADING = 20
    AVAILABLE = 30
    UNLOADING = 40
    END = 50


@dataclass(frozen=True)
class VersionPolicy:
    """Which of the versions found are wanted.

    Args:
        kind: the newest `latest`, all, or exactly `versions`.
        latest: how many of the newest.
        versions: the numbers of kind 'specific'.
    """

    kind: Literal["latest", "all", "specific"] = "latest"
    latest: int = 1
    versions: frozenset[int] = frozenset()


def versions_in(base: Path) -> dict[int, Path] | None:
    """Return the version folders of a model by number; None where the base path can't be read.

    A folder counts when its name is a number: '00000123' is 123. Of two names for one number the last in order counts.
    """
    try:
        folders = [path for path in sorted(base.iterdir()) if path.is_dir()]
    except OSError:
        return None
    return {int(path.name): path for path in folders if is_version(path.name)}


def is_version(name: str) -> bool:
    """Tell whether a folder's name is a version number: decimal digits, below 2^63."""
    return name.isascii() and name.isdigit() and len(name) <= LONGEST_NAME and int(name) <= MAX_VERSION


def wanted(found: Mapping[int, Path], policy: VersionPolicy) -> dict[int, Path]:
    """Return those of the versions found that a policy asks for."""
    if policy.kind == "all":
        return dict(found)
    if policy.kind == "specific":
        return {number: path for number, path in found.items() if number in policy.versions}
    newest = sorted(found, reverse=True)[: max(policy.latest, 1)]
    return {number: found[number] for number in newest}


class Snapshot(NamedTuple):
    """What the choice of the next step needs to know of a version."""

    number: int
    state: State
    is_wanted: bool


class Step(NamedTuple):
    """Load or unload one version."""

    loads: bool
    number: int


def next_step(versions: Iterable[Snapshot]) -> Step | None:
    """Return what to do next: a new version is loaded before the old one goes, so that one is always there.

    Versions that are no longer wanted go lowest first, once a wanted one is available, none is wanted, or another unwanted one
    still answers. New versions come highest first.
    """
    everything = list(versions)
    wanted_ones = [version for version in everything if version.is_wanted]
    unwanted = [version.number for version in everything if not version.is_wanted and version.state is State.AVAILABLE]
    replaced = any(version.state is State.AVAILABLE for version in wanted_ones)
    if unwanted and (replaced or not wanted_ones or len(unwanted) > 1):
        return Step(loads=False, number=min(unwanted))
    new = [version.number for version in wanted_ones if version.state is State.START]
    return Step(loads=True, number=max(new)) if new else None
