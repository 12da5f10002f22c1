"""Pairs of 64-bit hashes that differ in few bits, found in blocks of arrays: bounded memory, no loop over pairs."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

Hashes = npt.NDArray[np.uint64]
Positions = npt.NDArray[np.intp]
LEFT, RIGHT = 512, 4096  # hashes of a block: 16 MB at a time


def close_pairs(left: Hashes, right: Hashes, *, distance: int) -> Iterator[tuple[Positions, Positions]]:
    """Yield the pairs of a block as positions in `left` and in `right`, int [pairs]; every pair comes exactly once.

    Args:
        left: uint64 [n].
        right: uint64 [m].
        distance: bits that may differ.
    """
    for first in range(0, len(left), LEFT):
        for second in range(0, len(right), RIGHT):
            differing = left[first : first + LEFT, np.newaxis] ^ right[np.newaxis, second : second + RIGHT]
            from_left, from_right = np.nonzero(np.bitwise_count(differing) <= distance)
            if len(from_left):
                yield from_left + first, from_right + second


def bits_apart(first: str, second: str) -> int:
    """Return how many bits of two hashes, hex digits, differ."""
    return (int(first, 16) ^ int(second, 16)).bit_count()
