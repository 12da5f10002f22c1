"""From decoded colour frames and palettes to 8-bit RGB."""

import numpy as np
from pydicom.dataset import Dataset
from pydicom.pixels.processing import apply_color_lut

from models.rendering.lookup_table import lookup_table

PALETTE = "PALETTE COLOR"
COLOURS = ("Red", "Green", "Blue")


def is_grey(dataset: Dataset) -> bool:
    """Tell whether a file holds grey values (MONOCHROME1 or 2)."""
    return str(dataset.PhotometricInterpretation).startswith("MONOCHROME")


def render_colour(decoded: np.ndarray, dataset: Dataset) -> np.ndarray:
    """Return uint8 [height, width, 3] of a decoded frame: palette entries [height, width], or RGB [height, width, 3]."""
    if dataset.PhotometricInterpretation == PALETTE:
        return palette_colours(decoded, dataset)
    return highest_bits(decoded, int(dataset.BitsStored))


def palette_colours(stored: np.ndarray, dataset: Dataset) -> np.ndarray:
    """Look stored values up in the palette of a file (PS3.3 C.7.6.3.1.5); alpha is dropped."""
    if "RedPaletteColorLookupTableData" not in dataset:  # segmented (PS3.3 C.7.9.2)
        colours = apply_color_lut(stored, dataset)[..., :3]
        return highest_bits(colours, colours.dtype.itemsize * 8)
    channels = []
    for colour in COLOURS:
        keyword = f"{colour}PaletteColorLookupTable"
        _, is_little_endian = dataset.original_encoding
        table = lookup_table(dataset[f"{keyword}Descriptor"].value, dataset[f"{keyword}Data"].value, bool(is_little_endian))
        channels.append(highest_bits(table(stored), table.bits))
    return np.stack(channels, axis=-1)


def highest_bits(values: np.ndarray, bits: int) -> np.ndarray:
    """Return uint8 of unsigned values of `bits` bit: the eight highest bits; fewer are spread over 0..255."""
    if bits >= 8:
        return (values >> (bits - 8)).astype(np.uint8)
    most = 2**bits - 1
    return ((values.astype(np.uint16) * 510 + most) // (2 * most)).astype(np.uint8)
