"""Pixels that are not square, made so by resizing the shorter axis up."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from PIL import Image

from models.rendering.settings import Limits
from pipeline.reasons import Reason, failure

if TYPE_CHECKING:  # NIfTI files do without pydicom
    from pydicom.dataset import Dataset

SPACINGS = ("PixelSpacing", "ImagerPixelSpacing", "NominalScannedPixelSpacing", "PixelAspectRatio")  # each: vertical, horizontal


class Size(NamedTuple):
    """Height and width in pixels."""

    height: int
    width: int


def pixel_aspect(header: "Dataset") -> float:
    """Return the height of a pixel over its width, 1 where the header says nothing usable (PS3.3 10.7.1.3, C.7.6.3.1.7)."""
    for keyword in SPACINGS:
        spacing = header.get(keyword)
        if spacing is not None and len(spacing) == 2:
            vertical, horizontal = (float(value) for value in spacing)
            if vertical > 0 and horizontal > 0 and np.isfinite([vertical, horizontal]).all():
                return vertical / horizontal
    return 1.0


def square_size(size: Size, aspect: float, limits: Limits) -> Size:
    """Return the size that makes pixels of an aspect (height over width) square without dropping any.

    Raises:
        ImageError: when that is more pixels than the limits allow.
    """
    height, width = size.height * max(aspect, 1.0), size.width * max(1.0 / aspect, 1.0)
    if height * width > limits.pixels:
        raise failure(Reason.TOO_MANY_PIXELS)
    return Size(int(height + 0.5), int(width + 0.5))


def resize(pixels: np.ndarray, size: Size) -> np.ndarray:
    """Resize uint8 [height, width] or [height, width, 3] bilinearly (Pillow's, in whole numbers: the same on every machine)."""
    if pixels.shape[:2] == size:
        return pixels
    return np.asarray(Image.fromarray(pixels).resize((size.width, size.height), Image.Resampling.BILINEAR))
