"""The grey-scale pipeline of DICOM (PS3.4 N.2): stored values, modality units, values of interest, grey levels."""

from collections.abc import Iterable, Sequence

import numpy as np
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_rescale

from models.rendering.dicom_header import items, number
from models.rendering.grey_levels import WHITE, GreyRule, eight_bit, is_window, whole_range, window_rule
from models.rendering.lookup_table import LookupTable, lookup_table
from models.rendering.settings import RenderSettings
from models.rendering.value_table import by_value

PADDING = (
    ("PixelPaddingValue", "PixelPaddingRangeLimit"),
    ("FloatPixelPaddingValue", "FloatPixelPaddingRangeLimit"),
    ("DoubleFloatPixelPaddingValue", "DoubleFloatPixelPaddingRangeLimit"),
)


def render_frame(stored: np.ndarray, header: Dataset, settings: RenderSettings) -> np.ndarray:
    """Render the stored values of one frame, [height, width].

    Returns:
        uint8 [height, width], or [height, width, windows] where the settings name several windows.
    """
    rules = grey_rules(header, settings)
    return by_value(
        stored, lambda values: grey_of(modality_units(values, header), header, rules), only_present=whole_range in rules
    )


def render_projection(frames: Iterable[tuple[np.ndarray, Dataset]], settings: RenderSettings) -> np.ndarray:
    """Render the maximum over frames in modality units; padding never counts, and the first frame's window holds.

    Args:
        frames: stored values [height, width] and the header of each.
        settings: the windows.
    """
    remaining = iter(frames)
    stored, header = next(remaining)
    highest = modality_units(stored, header)
    for stored, one in remaining:
        np.fmax(highest, modality_units(stored, one), out=highest)  # of padding (NaN) and a value, the value
    return grey_of(highest, header, grey_rules(header, settings))


def modality_units(stored: np.ndarray, header: Dataset) -> np.ndarray:
    """Return values in the modality's units (CT: Hounsfield) as float64; not-a-number where they are padding."""
    if sequence := items(header, "ModalityLUTSequence"):
        units = table_of(sequence[0], header)(stored).astype(np.float64)
    elif number(header.get("RescaleSlope")) is not None and number(header.get("RescaleIntercept")) is not None:
        units = apply_rescale(stored, header)
    else:
        units = stored.astype(np.float64)
    units[padding_of(stored, header) | ~np.isfinite(units)] = np.nan
    return units


def padding_of(stored: np.ndarray, header: Dataset) -> np.ndarray:
    """Tell which stored values are padding (PS3.3 C.7.5.1.1.2): the padding value, or all from it to its limit."""
    for value_keyword, limit_keyword in PADDING:
        value, limit = (_stored_number(header, keyword) for keyword in (value_keyword, limit_keyword))
        if value is not None:
            low, high = sorted((value, value if limit is None else limit))
            return (stored >= low) & (stored <= high)
    return np.zeros(stored.shape, bool)


def _stored_number(header: Dataset, keyword: str) -> float | None:
    """Return a number that is compared with stored values; some writers leave the sign of signed ones to the reader."""
    value, bits = number(header.get(keyword)), int(header.get("BitsAllocated", 16))
    if value is not None and header.get("PixelRepresentation") == 1 and value >= 2 ** (bits - 1):
        return value - 2**bits
    return value


def grey_of(units: np.ndarray, header: Dataset, rules: Sequence[GreyRule]) -> np.ndarray:
    """Return the grey levels of values in modality units, uint8 [...], or [..., rules] for several rules."""
    counted = ~np.isnan(units)
    if not counted.any():
        return np.zeros((*units.shape, *[len(rules)] * (len(rules) > 1)), np.uint8)
    channels = [_channel(units, counted, rule, header) for rule in rules]
    return channels[0] if len(channels) == 1 else np.stack(channels, axis=-1)


def _channel(units: np.ndarray, counted: np.ndarray, rule: GreyRule, header: Dataset) -> np.ndarray:
    levels = rule(units)
    if header.get("PhotometricInterpretation") == "MONOCHROME1":  # the lowest value is white
        levels = WHITE - levels
    return eight_bit(np.where(counted, levels, 0.0))


def grey_rules(header: Dataset, settings: RenderSettings) -> tuple[GreyRule, ...]:
    """Return how units become levels: by the settings' windows, else the file's table, its first window, its whole range."""
    if settings.windows:
        return tuple(window_rule(center, width) for center, width in settings.windows)
    if sequence := items(header, "VOILUTSequence"):
        return (_table_rule(table_of(sequence[0], header)),)
    center, width = number(header.get("WindowCenter")), number(header.get("WindowWidth"))
    function = str(header.get("VOILUTFunction") or "LINEAR").strip().upper()
    if center is None or width is None or not is_window(center, width, function):
        return (whole_range,)
    return (window_rule(center, width, function),)


def _table_rule(table: LookupTable) -> GreyRule:
    return lambda units: table(units) * (WHITE / (2**table.bits - 1))


def table_of(item: Dataset, header: Dataset) -> LookupTable:
    """Return the lookup table of a sequence item."""
    _, is_little_endian = header.original_encoding
    return lookup_table(item.LUTDescriptor, item.LUTData, is_little_endian=bool(is_little_endian))
