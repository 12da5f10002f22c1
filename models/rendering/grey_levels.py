"""From values in the modality's units to grey levels 0..255."""

from collections.abc import Callable
from functools import lru_cache

import numpy as np

WHITE = 255.0

GreyRule = Callable[[np.ndarray], np.ndarray]


@lru_cache(maxsize=128)  # the files of a series share a window
def window_rule(center: float, width: float, function: str = "LINEAR") -> GreyRule:
    """Return the rule of a window (PS3.3 C.11.2.1.2 and C.11.2.1.3): values to float64 levels 0..255, not rounded.

    Args:
        center: in the modality's units.
        width: in the same; LINEAR takes 1 or more, the others more than 0.
        function: LINEAR, LINEAR_EXACT or SIGMOID.
    """
    from pydicom.dataset import Dataset  # noqa: PLC0415 - TIFF and NIfTI files without a window do without
    from pydicom.pixels.processing import apply_windowing  # noqa: PLC0415

    view = Dataset()  # a window alone, onto 8 bit: what apply_windowing spreads its result over
    view.PhotometricInterpretation = "MONOCHROME2"
    view.BitsStored, view.PixelRepresentation = 8, 0
    view.WindowCenter, view.WindowWidth, view.VOILUTFunction = center, width, function
    return lambda values: apply_windowing(values, view)


def is_window(center: float | None, width: float | None, function: str) -> bool:
    """Tell whether the standard allows a window."""
    if center is None or width is None or not np.isfinite([center, width]).all():
        return False
    return width >= 1 if function == "LINEAR" else width > 0


def whole_range(values: np.ndarray) -> np.ndarray:
    """Map the lowest value to 0 and the highest to 255, as float64; a single value becomes 0."""
    low, high = np.nanmin(values), np.nanmax(values)
    return (values - low) / (high - low) * WHITE if high > low else np.zeros(values.shape)


def eight_bit(levels: np.ndarray) -> np.ndarray:
    """Round levels half up to uint8."""
    return np.floor(np.clip(levels, 0, WHITE) + 0.5).astype(np.uint8)
