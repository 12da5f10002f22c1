"""Rendering once per value instead of once per pixel: an image holds far fewer different whole numbers than pixels.

What renders values is not rewritten for it: the same function meets the numbers that may occur, and its answers become a table.
"""

from collections.abc import Callable, Iterator

import numpy as np

BLOCK = 16_384  # pixels at a time: NumPy looks up by positions of 8 bytes, and a block of these stays in the core's own cache


def by_value(stored: np.ndarray, render: Callable[[np.ndarray], np.ndarray], *, only_present: bool) -> np.ndarray:
    """Return `render(stored)`, computed once per value where the pixels outnumber the values from the lowest to the highest.

    Args:
        stored: [height, width], any number type.
        render: maps values to levels; from [...] to uint8 [...] or [..., channels].
        only_present: whether `render` must not meet a value that no pixel has, because all that it meets decide on each level
            (a range that is spread over the grey levels). Finding out which are present takes longer than the look-up itself.
    """
    if stored.dtype.kind not in "iu":
        return render(stored)
    low, high = int(stored.min()), int(stored.max())
    if high - low >= stored.size:
        return render(stored)
    present = present_positions(stored, low, high) if only_present else np.arange(high - low + 1)
    rendered = render(present + low)
    table = np.zeros((high - low + 1, *rendered.shape[1:]), np.uint8)
    table[present] = rendered
    return looked_up(stored, table, low)


def present_positions(stored: np.ndarray, low: int, high: int) -> np.ndarray:
    """Return which of the values low, low + 1, ..., high occur: their positions in that row, in order."""
    seen = np.zeros(high - low + 1, bool)
    for _, positions in blocks(stored, low):
        seen[positions] = True
    return np.flatnonzero(seen)


def looked_up(stored: np.ndarray, table: np.ndarray, low: int) -> np.ndarray:
    """Return the entry of each pixel, uint8 [height, width, ...] of a table [high - low + 1, ...]; entry 0 is that of `low`."""
    entries = np.empty((stored.size, *table.shape[1:]), table.dtype)
    for place, positions in blocks(stored, low):
        # "wrap" has nothing to wrap here; it is the mode that writes into `out` without a copy of it.
        table.take(positions, axis=0, out=entries[place], mode="wrap")
    return entries.reshape(*stored.shape, *table.shape[1:])


def blocks(stored: np.ndarray, low: int) -> Iterator[tuple[slice, np.ndarray]]:
    """Yield the pixels block by block: their place in the flat image, and their values less `low`, valid until the next."""
    flat = stored.ravel()
    buffer = np.empty(min(BLOCK, flat.size), np.intp)
    for start in range(0, flat.size, BLOCK):
        values = flat[start : start + BLOCK]
        positions = buffer[: values.size]
        positions[:] = values
        positions -= low
        yield slice(start, start + values.size), positions
