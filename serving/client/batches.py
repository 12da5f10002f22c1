"""Loaded images put into requests, and what becomes of each."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import grpc

from serving.client.errors import RefusedError
from serving.client.outcome import Failure, Outcome
from serving.client.pace import BATCH_BYTES
from serving.client.source import Source

Loaded = tuple[Source, bytes | Failure]
Sent = tuple[Source, bytes]
Ask = Callable[[Sequence[Sent]], Sequence[Outcome]]  # raises RefusedError


@dataclass(frozen=True)
class Batch:
    """Images of one request among those that failed before it, in their order."""

    slots: tuple[Loaded, ...]

    @property
    def images(self) -> list[Sent]:
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


def outcomes(batch: Batch, ask: Ask) -> list[Outcome]:
    """Return what becomes of each image of a batch, those that were never sent included."""
    answers = iter(_answers(batch.images, ask)) if batch.images else iter(())
    return [content if isinstance(content, Failure) else next(answers) for _, content in batch.slots]


def _answers(images: Sequence[Sent], ask: Ask) -> Sequence[Outcome]:
    """Ask for images in one request; when that is refused, for each alone: most often one of them is bad."""
    try:
        return ask(images)
    except RefusedError as error:
        if len(images) > 1 and error.code is not grpc.StatusCode.DEADLINE_EXCEEDED:
            return [answer for image in images for answer in _answers([image], ask)]
        return [Failure(source.name, error.reason, str(error)) for source, _ in images]
