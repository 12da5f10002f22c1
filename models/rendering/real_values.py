"""Grey levels of values that come without a word on how to show them: NIfTI voxels, floating or signed TIFF."""

from collections.abc import Sequence

import numpy as np

from models.rendering.grey_levels import eight_bit, whole_range, window_rule

LARGEST = 1e300  # beyond it the range of two values may be beyond float64


def render_values(values: np.ndarray, windows: Sequence[tuple[float, float]]) -> np.ndarray:
    """Return values through each window, or over their whole range where there is none.

    Args:
        values: real numbers [height, width]; one that is not finite becomes 0 and counts in no range.
        windows: centre and width in the values' unit.

    Returns:
        uint8 [height, width], or [height, width, windows] for several windows.
    """
    counted = np.abs(values.astype(np.float64)) < LARGEST
    units = np.where(counted, values, np.nan)
    rules = [window_rule(center, width) for center, width in windows]
    if not rules and counted.any():
        rules = [whole_range]
    channels = [eight_bit(np.where(counted, rule(units), 0.0)) for rule in rules] or [np.zeros(values.shape, np.uint8)]
    return channels[0] if len(channels) == 1 else np.stack(channels, axis=-1)
