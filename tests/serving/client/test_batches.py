import pytest

from serving.client.batches import batches
from serving.client.outcome import Failure
from serving.client.pace import BATCH_BYTES
from serving.client.source import Source


def slot(size):
    return Source("a", b""), bytes(size)


@pytest.mark.parametrize(
    ("sizes", "lengths"),
    [([], []), ([1] * 7, [3, 3, 1]), ([1] * 6, [3, 3]), ([BATCH_BYTES, 1, 1], [1, 2]), ([1, BATCH_BYTES, 1], [2, 1])],
)
def test_batch_closes_by_number_or_by_bytes(sizes, lengths):
    assert [len(batch.slots) for batch in batches(map(slot, sizes), 3)] == lengths


def test_failures_keep_their_place_and_are_not_sent():
    failed = (Source("b", b""), Failure("b", "truncated", "the file ends early"))
    (batch,) = batches([slot(1), failed, slot(2)], 3)
    assert batch.slots == (slot(1), failed, slot(2))
    assert batch.images == [slot(1), slot(2)]
