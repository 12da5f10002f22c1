"""Which part of a canonical image shows the source: the rest are the black bars of a letterbox, which say nothing of it."""

import numpy as np

from models.canonical_image import CanonicalSpec


def picture_area(pixels: np.ndarray, source: tuple[int, int], spec: CanonicalSpec) -> np.ndarray:
    """Return the view of canonical pixels, [size, size, channels], without the bars.

    Args:
        pixels: of a canonical image.
        source: height and width of its source.
        spec: that it was made by.
    """
    if spec.fit != "letterbox":
        return pixels
    longer = max(source)
    # The whole-number rounding of models/canonical_image.py; a test holds the two together.
    height, width = (max((2 * side * spec.size + longer) // (2 * longer), 1) for side in source)
    top, left = (spec.size - height) // 2, (spec.size - width) // 2
    return pixels[top : top + height, left : left + width]
