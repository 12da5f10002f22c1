"""The plan of an ingest: each manifest cut into shards, and where they are written."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from components.image_example_gen.part import Part
from components.image_example_gen.shard import Shard, is_done


@dataclass(frozen=True)
class Task:
    """A shard that is to be written; its repr names no image.

    Args:
        shard: some rows of a manifest.
        images: folder that relative paths of the manifest start from.
        work: folder to write in.
    """

    shard: Shard
    images: Path = field(repr=False)
    work: Path


@dataclass(frozen=True)
class Plan:
    """A part's shards.

    Args:
        part: the manifest.
        shards: all of it.
        work: folder of this part alone, named after all that its examples follow from: equal names, equal shards.
    """

    part: Part
    shards: tuple[Shard, ...]
    work: Path

    @property
    def rows(self) -> int:
        """Rows of the manifest."""
        return sum(len(shard.rows) for shard in self.shards)

    def missing(self) -> list[Task]:
        """Return what is not written yet."""
        folder = self.part.manifest.parent
        return [Task(shard, folder, self.work) for shard in self.shards if not is_done(self.work, shard)]


def missing(plans: Sequence[Plan]) -> list[Task]:
    """Return what is not written yet of all parts."""
    return [task for plan in plans for task in plan.missing()]
