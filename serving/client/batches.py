"""Loaded images put into requests."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from serving.client.outcome import Failure
from serving.client.pace import BATCH_BYTES
from serving.client.source import Source

Loaded = tuple[Source, bytes | Failure]


@dataclass(frozen=True)
class Batch:
    """Images of one request among those that failed before it, in their order."""

    slots: tuple[Loaded, ...]

    @property
    def images(self) -> list[tuple[Source, bytes]]:
        """What is to be sent."""
        return [(source, content) for source, content in self.slots if isinstance(content, bytes)]


def batches(loaded: Iterable[Loaded], most: int) -> Iterator[Batch]:
    """Yield batches of up to `most` slots; one closes earlier when its images reach BATCH_BYTES."""
    slots: list[Loaded] = []
    size = 0
    for slot in loaded:
        slots.append(slot)
        size += len(slot[1]) if isinstance(slot[1], bytes) else 0
        if len(slots) == most or size >= BATCH_BYTES:
            yield Batch(tuple(slots))
            slots, size = [], 0
    if slots:
        yield Batch(tuple(slots))
