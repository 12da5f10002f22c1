"""What lies beside the results as <results>.summary.json: what they were computed from, and the counts; it names no file.

It holds no time and no place: equal input and an equal model give an equal statement.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Any

from components.pusher.served import digest_of
from components.pusher.versions import read_record
from pipeline.batch.archive import Archive
from pipeline.batch.chosen_version import ChosenVersion
from pipeline.batch.plan import Plan
from pipeline.batch.results import Totals
from pipeline.errors import MedtfxError
from pipeline.root import write_atomically

FORMAT = 1
LIBRARIES = ("medtfx", "tensorflow", "apache-beam", "numpy", "pydicom", "pillow")


@dataclass(frozen=True)
class Cut:
    """How the work is divided.

    Args:
        batch: images that the model is asked about at once.
        shard: images of a shard.
    """

    batch: int = 16
    shard: int = 256


def statement_path(output: Path) -> Path:
    """Return where the statement about results lies."""
    return output.with_name(f"{output.name}.summary.json")


def read_statement(output: Path) -> dict[str, Any]:
    """Return the statement about results, empty where there is none."""
    return read_record(statement_path(output))


def write_statement(output: Path, content: Mapping[str, Any]) -> None:
    """Write the statement about results."""
    write_atomically(statement_path(output), json.dumps(content, indent=2) + "\n")


def statement(archive: Archive, version: ChosenVersion, plan: Plan, *, cut: Cut, totals: Totals, output: Path) -> dict[str, Any]:
    """Return what is to be said about results.

    Raises:
        MedtfxError: when the counts don't add up.
    """
    results = digest_of(output)
    counts = counted(plan.images, totals, archive.skipped)
    return {
        "format": FORMAT,
        "results": {"sha256": results.sha256, "bytes": results.size},
        "model": {"name": version.name, "version": version.number, "digest": version.digest},
        "input": {"kind": archive.kind, "digest": totals.content.hexdigest()},
        "counts": counts,
        "batch": cut.batch,
        "shard": cut.shard,
        "plan": plan.digest,
        "libraries": {library: version_of(library) for library in LIBRARIES},
    }


def counted(images: int, totals: Totals, skipped: Mapping[str, int]) -> dict[str, Any]:
    """Return the account of files.

    Args:
        images: that the plan has, counted before any was read.
        totals: what became of them.
        skipped: what was passed over, by kind.

    Raises:
        MedtfxError: when not every image was predicted or set aside.
    """
    if totals.images != images:
        raise MedtfxError(f"{images:,} images were planned and {totals.images:,} accounted for; run the same command again")
    return {
        "seen": images + sum(skipped.values()),
        "predicted": totals.predicted,
        "set_aside": dict(sorted(totals.set_aside.items())),
        "skipped": dict(sorted(skipped.items())),
    }
