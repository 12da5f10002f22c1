"""The figures of an image that statistics and drift checks look at instead of its pixels."""

from dataclasses import dataclass

import numpy as np

LEVELS = 256


@dataclass(frozen=True)
class PixelProperties:
    """Figures of one canonical image, over the values of all pixels and channels.

    Args:
        mean: of values / 255.
        standard_deviation: of values / 255.
        entropy: of the histogram of the 256 values, in bits, 0 to 8.
        saturated: share of values that are 0 or 255.
    """

    mean: float
    standard_deviation: float
    entropy: float
    saturated: float


def pixel_properties(pixels: np.ndarray) -> PixelProperties:
    """Return the figures of uint8 pixels of any shape, exactly from their histogram."""
    histogram = np.bincount(pixels.ravel(), minlength=LEVELS)
    shares = histogram / histogram.sum()
    values = np.arange(LEVELS) / (LEVELS - 1)
    mean = float(shares @ values)
    filled = shares[shares > 0]
    return PixelProperties(
        mean=mean,
        standard_deviation=float(np.sqrt(shares @ np.square(values - mean))),
        entropy=float(np.abs(np.sum(filled * np.log2(filled)))),
        saturated=float(shares[0] + shares[-1]),
    )
