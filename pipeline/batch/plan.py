"""The plan of a batch: the archive cut into shards, each known by all that its predictions follow from.

The plan is a file, a shard a line, so that memory does not grow with the archive. A shard's key covers the model, the code and
each file's name, size and time of change: an equal key means equal predictions, and those that are there already stay.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TextIO

from pipeline.batch.archive import ArchivedImage
from pipeline.batch.part import is_done

PLAN_FILE = "plan.jsonl"


@dataclass(frozen=True)
class Shard:
    """Some images, in order, to be predicted together.

    Args:
        key: SHA-256 of all that their predictions follow from.
        images: of the archive.
    """

    key: str
    images: tuple[ArchivedImage, ...] = field(repr=False)


@dataclass(frozen=True)
class Plan:
    """A planned batch.

    Args:
        file: with the shards.
        images: in all shards.
        digest: SHA-256 over the shards' keys.
        missing: where in the file the shards begin that are not predicted yet.
        missing_images: in these.
    """

    file: Path
    images: int
    digest: str
    missing: tuple[int, ...]
    missing_images: int

    def shards(self) -> Iterator[Shard]:
        """Yield all shards."""
        with self.file.open(encoding="ascii") as lines:
            yield from map(_shard, lines)


def write_plan(folder: Path, images: Iterable[ArchivedImage], *, size: int, follows_from: str, again: bool = False) -> Plan:
    """Cut an archive into shards and see which of them are predicted already.

    Args:
        folder: of the parts; the plan is written there.
        images: of the archive.
        size: images of a shard.
        follows_from: what all predictions follow from besides the images.
        again: whether shards with images set aside are missing, too.
    """
    file, digest, total = folder / PLAN_FILE, hashlib.sha256(), 0
    missing: list[int] = []
    missing_images = 0
    with file.open("w", encoding="ascii") as lines:
        for shard in cut(images, size, follows_from):
            if not is_done(folder, shard.key, len(shard.images), again=again):
                missing.append(lines.tell())
                missing_images += len(shard.images)
            _write_shard(lines, shard)
            total += len(shard.images)
            digest.update(f"{shard.key}\n".encode())
    return Plan(file, total, digest.hexdigest(), tuple(missing), missing_images)


def cut(images: Iterable[ArchivedImage], size: int, follows_from: str) -> Iterator[Shard]:
    """Yield the shards of images in their order, `size` of them each, the last one with what is left."""
    rest = iter(images)
    while some := tuple(islice(rest, size)):
        known = [[image.path, image.frame, image.sha256, *_seen(image.path)] for image in some]
        yield Shard(hashlib.sha256(json.dumps([follows_from, known]).encode()).hexdigest(), some)


def read_shard(file: Path, place: int) -> Shard:
    """Return the shard that begins at a place of a plan's file."""
    with file.open(encoding="ascii") as lines:
        lines.seek(place)
        return _shard(lines.readline())


def _seen(path: str) -> tuple[int, int]:
    """Return size and time of change of a file, -1 where none can be seen."""
    try:
        status = os.stat(path)  # noqa: PTH116 - a million Path objects take longer than the calls
    except (OSError, ValueError):
        return -1, -1
    return status.st_size, status.st_mtime_ns


def _write_shard(lines: TextIO, shard: Shard) -> None:
    images = [[image.path, image.frame, image.sha256] for image in shard.images]
    lines.write(json.dumps([shard.key, images]) + "\n")


def _shard(line: str) -> Shard:
    key, images = json.loads(line)
    return Shard(key, tuple(ArchivedImage(*image) for image in images))
