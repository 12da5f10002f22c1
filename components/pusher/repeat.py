"""Pushes a version again, into its own serving folder or another: the bytes that the gates blessed, or nothing."""

from collections.abc import Iterator
from pathlib import Path

from components.pusher.manifest import Provenance
from components.pusher.served import file_digests
from components.pusher.versions import Version, versions
from pipeline.errors import ConfigError, MedtfxError

ACCEPTED = "accepted"
GATES = ("ClinicalGate", "InfraValidator")


class ModelRefusedError(MedtfxError):
    """A gate has not blessed the model."""

    exit_code = 4


def version_to_repeat(serving_dir: Path, number: int) -> Version:
    """Return a version that may be pushed again.

    Raises:
        ConfigError: the folder has never known it, or its manifest is gone.
        ModelRefusedError: its manifest does not name both gates' blessings.
    """
    version = next((version for version in versions(serving_dir) if version.number == number), None)
    if version is None or not version.files:
        raise ConfigError(f"version {number} has no manifest here; `medtfx versions` lists what there is")
    blessings = version.manifest.get("blessings", {})
    missing = [gate for gate in GATES if blessings.get(gate) != ACCEPTED]
    if missing:
        raise ModelRefusedError(f"version {number} was not blessed by {' and '.join(missing)}; nothing was pushed")
    return version


def blessed_files(version: Version, exports: Iterator[Path]) -> Path:
    """Return a folder whose files are those of a version's manifest: its own, or one of the exports that runs have left.

    Raises:
        ConfigError: nowhere are they whole.
    """
    for folder in (version.folder, *exports):
        if folder is not None and file_digests(folder) == version.files:
            return folder
    raise ConfigError(
        f"the files of version {version.number} are gone or damaged, in the serving folder and among what runs have left; "
        "run the pipeline again"
    )


def provenance_of(version: Version, *, elsewhere: bool) -> Provenance:
    """Return what a version stands on, for a push of the same files; `elsewhere`: into another folder, with other numbers."""
    known = version.manifest
    return Provenance(
        run_id=str(known.get("run_id", "")),
        model_id=int(known.get("model_id", 0)),
        blessings=known.get("blessings", {}),
        data_digest=str(known.get("data_digest", "")),
        metrics=known.get("metrics", {}),
        repeats=None if elsewhere else (known.get("repeats") or version.number),
    )
