"""The figures of an image that statistics and drift checks look at instead of its pixels."""

from dataclasses import dataclass

import numpy as np
from PIL import Image

LEVELS = 256
CORNERS = 8  # a corner is a square of this part of the shorter side


@dataclass(frozen=True)
class PixelProperties:
    """Figures of one canonical image, over the values of all channels.

    Args:
        mean: of values / 255, the bars of a letterbox included: the moments of the train split follow from it.
        standard_deviation: of values / 255, the bars included.
        entropy: of the histogram of the picture's values, in bits, 0 to 8.
        saturated: share of the picture's values that are 0 or 255.
        upper_corners: how much brighter the picture's two upper corners are than its centre, -1 to 1.
    """

    mean: float
    standard_deviation: float
    entropy: float
    saturated: float
    upper_corners: float


def pixel_properties(pixels: np.ndarray, picture: np.ndarray) -> PixelProperties:
    """Return the figures of uint8 pixels [height, width, channels], exactly from their histograms.

    Args:
        pixels: of the whole canonical image.
        picture: the part of them that shows the source (picture_area.py).
    """
    shares = _shares(pixels)
    shown = shares if picture.shape == pixels.shape else _shares(picture)  # nothing but picture: no bars
    values = np.arange(LEVELS) / (LEVELS - 1)
    mean = float(shares @ values)
    filled = shown[shown > 0]
    return PixelProperties(
        mean=mean,
        standard_deviation=float(np.sqrt(shares @ np.square(values - mean))),
        entropy=float(np.abs(np.sum(filled * np.log2(filled)))),
        saturated=float(shown[0] + shown[-1]),
        upper_corners=upper_corners(picture),
    )


def upper_corners(picture: np.ndarray) -> float:
    """Return the mean of the two upper corners less that of the central half, of values / 255.

    A radiograph has air in its upper corners, a smear plain glass: dark or bright, but turned round when the image is inverted.
    The whole border tells less (schema/README.md has the figures): below, a chest shows the abdomen.
    """
    height, width = picture.shape[:2]
    side = max(min(height, width) // CORNERS, 1)
    corners = np.concatenate([picture[:side, :side], picture[:side, -side:]])
    centre = picture[height // 4 : height - height // 4, width // 4 : width - width // 4]
    return float(corners.mean() - centre.mean()) / (LEVELS - 1)


def _shares(pixels: np.ndarray) -> np.ndarray:
    """Return the share of each of the 256 values, float64 [256]."""
    line = Image.frombuffer("L", (pixels.size, 1), np.ascontiguousarray(pixels), "raw", "L", 0, 1)
    return np.array(line.histogram()) / pixels.size  # a third of the time of np.bincount, which makes each value an int64 first
