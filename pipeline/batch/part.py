"""The part of a shard: a file with what became of each of its images, whole or absent.

The first line says how many images there are, how many were set aside by reason, and the SHA-256 of the other lines, one an
image: a part that was cut, or changed by hand, is none.
"""

import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from pipeline.prediction_formats import from_json_fields, json_fields
from serving.client import Failure, Outcome

SUFFIX = ".part"


@dataclass(frozen=True)
class Line:
    """What became of an image.

    Args:
        sha256: of the file that was read, '' where it could not be.
        outcome: its prediction, or why there is none.
    """

    sha256: str
    outcome: Outcome = field(repr=False)


def part_file(folder: Path, key: str) -> Path:
    """Return where the part of a shard lies."""
    return folder / f"{key}{SUFFIX}"


def write_part(folder: Path, key: str, lines: Iterable[Line]) -> None:
    """Write the part of a shard under a temporary name, bring it onto the disk, then rename it."""
    written = list(lines)
    body = "".join(json.dumps([line.sha256, json_fields(line.outcome)]) + "\n" for line in written).encode()
    reasons = Counter(line.outcome.reason for line in written if isinstance(line.outcome, Failure))
    head = {"images": len(written), "set_aside": reasons, "sha256": hashlib.sha256(body).hexdigest()}
    path = part_file(folder, key)
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(json.dumps(head).encode() + b"\n" + body)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)  # renamed away, unless the disk is full


def is_done(folder: Path, key: str, images: int, *, again: bool = False) -> bool:
    """Tell whether the part of a shard is there and whole; with `again`, whether no image of it was set aside either."""
    try:
        with part_file(folder, key).open("rb") as file:
            head = json.loads(file.readline())
            whole = hashlib.file_digest(file, "sha256").hexdigest() == head["sha256"] and head["images"] == images
            return whole and not (again and head["set_aside"])
    except (OSError, ValueError, KeyError, TypeError):  # absent, cut short or of another make: written again
        return False


def read_part(folder: Path, key: str) -> list[Line]:
    """Return the lines of a part that is done."""
    with part_file(folder, key).open(encoding="ascii") as file:
        next(file)
        return [Line(sha256, from_json_fields(content)) for sha256, content in map(json.loads, file)]
