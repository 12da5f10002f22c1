"""The difference hash of an image: 64 bits that a new encoding or a change of brightness hardly alters.

Neal Krawetz, "Kind of Like That", The Hacker Factor Blog, 21 January 2013: the image is reduced to 9 x 8 grey values, and each
bit says whether a value is brighter than its left neighbour. Images whose hashes differ in few bits may be copies; most are not
(chest X-rays look alike), so a hit is a candidate and never a finding.
"""

from functools import cache

import numpy as np
import numpy.typing as npt

from models.canonical_image import LUMA_WEIGHTS

ROWS, COLUMNS = 8, 9
HEX_DIGITS = 16


def difference_hash(pixels: npt.NDArray[np.uint8]) -> str:
    """Return the hash of uint8 pixels [height, width, 1 or 3] as 16 hex digits.

    The means are compared as whole numbers, so the bits are the same on every machine.
    """
    height, width, channels = pixels.shape
    planes = np.moveaxis(pixels, -1, 0).astype(np.float32)  # a product per channel: BLAS starts threads for larger ones
    # float32 is exact here: no sum of a column's values times its weights comes near 2^24.
    lines = overlaps(height, ROWS).astype(np.float32) @ planes
    cells = lines.astype(np.float64) @ overlaps(width, COLUMNS).T
    grey = np.tensordot(np.array(LUMA_WEIGHTS if channels > 1 else (1,), np.float64), cells, axes=1)
    return np.packbits(grey[:, 1:] > grey[:, :-1]).tobytes().hex()


@cache
def overlaps(pixels: int, cells: int) -> npt.NDArray[np.float64]:
    """Return how much of each cell each pixel covers, whole numbers [cells, pixels] whose rows sum to `pixels`."""
    pixel_start, cell_start = np.arange(pixels) * cells, np.arange(cells)[:, np.newaxis] * pixels
    ends = np.minimum(pixel_start + cells, cell_start + pixels)
    covered: npt.NDArray[np.float64] = np.maximum(ends - np.maximum(pixel_start, cell_start), 0).astype(np.float64)
    return covered
