"""Puts the parts of a batch together: one file of results, and what they add up to."""

import hashlib
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from components.pusher.served import digest_of
from pipeline.batch.part import SUFFIX, Line, part_file, read_part
from pipeline.batch.plan import Plan
from pipeline.errors import ConfigError, MedtfxError
from pipeline.prediction_formats import FORMATS
from serving.client import Failure

LAYOUTS = {".csv": "csv", ".jsonl": "jsonl"}


@dataclass
class Totals:
    """What all lines add up to.

    Args:
        predicted: images with a prediction.
        set_aside: images without one, by reason.
        content: SHA-256 over the lines '<sha256>  <name>' of the images, as sha256sum prints them.
    """

    predicted: int = 0
    set_aside: Counter[str] = field(default_factory=Counter)
    content: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    @property
    def images(self) -> int:
        """All of them."""
        return self.predicted + self.set_aside.total()

    def add(self, line: Line) -> None:
        """Count a line."""
        self.content.update(f"{line.sha256}  {line.outcome.source}\n".encode())
        if isinstance(line.outcome, Failure):
            self.set_aside[line.outcome.reason] += 1
        else:
            self.predicted += 1


def layout_of(output: Path) -> str:
    """Return the format that a file's name asks for.

    Raises:
        ConfigError: when it asks for none.
    """
    layout = LAYOUTS.get(output.suffix.lower())
    if layout is None:
        raise ConfigError(f"-o {output.name}: expected a name that ends in {' or '.join(LAYOUTS)}")
    return layout


def write_results(plan: Plan, output: Path) -> Totals:
    """Write the lines of all parts, in order, into one file: under a temporary name, then renamed.

    Raises:
        MedtfxError: when the parts don't hold every image of the plan.
    """
    totals, temporary = Totals(), output.with_name(f".{output.name}.tmp")
    try:
        with temporary.open("w", encoding="utf-8", newline="") as file:
            written = FORMATS[layout_of(output)](file)
            for line in _lines(plan):
                totals.add(line)
                written.add(line.outcome)
            written.end()
            os.fsync(file.fileno())
        if totals.images != plan.images:
            raise MedtfxError(
                f"the parts hold {totals.images:,} images, {plan.images:,} were planned; run the same command again"
            )
        temporary.replace(output)
    finally:
        temporary.unlink(missing_ok=True)  # renamed away, unless something stopped it
    return totals


def is_written(output: Path, results: Mapping[str, Any]) -> bool:
    """Tell whether a file is what a statement says of the results."""
    if not output.is_file():
        return False
    found = digest_of(output)
    return (found.sha256, found.size) == (results["sha256"], results["bytes"])


def remove_others(plan: Plan) -> None:
    """Remove parts that the plan does not have: of files that changed, of another model."""
    folder = plan.file.parent
    kept = {part_file(folder, shard.key).name for shard in plan.shards()}
    for part in folder.glob(f"*{SUFFIX}"):
        if part.name not in kept:
            part.unlink()


def _lines(plan: Plan) -> Iterator[Line]:
    for shard in plan.shards():
        yield from read_part(plan.file.parent, shard.key)
