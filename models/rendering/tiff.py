"""TIFF files: grey of 1 to 16 bit, signed and floating grey, palette, RGB and CMYK of 8 bit; pages are frames.

Alpha is dropped, as of PNG. The Orientation tag is applied: Pillow does so, and scanners write it.
"""

from collections.abc import Sequence
from io import BytesIO

import numpy as np
from PIL.TiffImagePlugin import BITSPERSAMPLE, PHOTOMETRIC_INTERPRETATION, TiffImageFile

from models.rendering.frames import chosen_frames
from models.rendering.real_values import render_values
from models.rendering.settings import Limits, RenderSettings
from pipeline.errors import ImageError
from pipeline.reasons import Reason, failure

WHITE_IS_ZERO = 0  # PhotometricInterpretation, TIFF 6.0 section 8
WIDE_MODES = ("I", "F", "I;16", "I;16B", "I;16L")  # Pillow's names of more than 8 bit


def render_tiff(encoded: bytes, settings: RenderSettings, *, limits: Limits, frame: int | None = None) -> np.ndarray:
    """Return the 8-bit pixels of a TIFF file, uint8 [height, width] or [height, width, 3].

    16-bit grey goes through `settings.sixteen_bit_range`; signed and floating values through `settings.windows`, or their whole
    range.

    Args:
        encoded: the bytes of the file.
        settings: how values become pixels, and which page of several.
        limits: what the file may ask for.
        frame: the page, from 1; None: as the settings say.

    Raises:
        ImageError: with the reason code.
    """
    try:
        image = TiffImageFile(BytesIO(encoded))
        pages = chosen_frames(page_count(image, limits.frames), settings.frames, frame)
        return pixels_of(image, pages, settings=settings, limits=limits)
    except (ImageError, MemoryError):
        raise
    except Exception as error:  # Pillow answers damage with SyntaxError, KeyError, struct.error and many more
        raise failure(Reason.UNDECODABLE) from error


def page_count(image: TiffImageFile, most: int) -> int:
    """Return the number of pages; ImageError when there are more than `most`, found without reading further."""
    count = 1
    while count <= most:
        try:
            image.seek(count)
        except EOFError:
            return count
        count += 1
    raise failure(Reason.TOO_MANY_FRAMES)


def pixels_of(image: TiffImageFile, pages: Sequence[int], *, settings: RenderSettings, limits: Limits) -> np.ndarray:
    """Return the 8-bit pixels of the pages' maximum."""
    values = page_values(image, pages[0], limits.pixels)
    for page in pages[1:]:
        following = page_values(image, page, limits.pixels)
        if following.shape != values.shape:  # a pyramid or thumbnails, not frames
            raise failure(Reason.UNSUPPORTED_FORMAT)
        values = np.maximum(values, following)
    if values.dtype == np.uint8:
        return values
    if values.dtype == np.uint16:
        return sixteen_bit_levels(values, settings.sixteen_bit_range)
    return render_values(values, settings.windows)


def page_values(image: TiffImageFile, page: int, most_pixels: int) -> np.ndarray:
    """Return the values of a page: uint8 grey or RGB, uint16, int32 or float32 grey; larger is brighter."""
    image.seek(page)
    if not 1 <= image.width * image.height <= most_pixels:
        raise failure(Reason.TOO_MANY_PIXELS)
    tags = image.tag_v2
    white_is_zero = tags.get(PHOTOMETRIC_INTERPRETATION) == WHITE_IS_ZERO
    if image.mode in WIDE_MODES:
        values = np.array(image)
        values = values.astype(values.dtype.newbyteorder("="))
        return inverted(values) if white_is_zero else values  # Pillow inverts 8 bit and less itself
    if max(tags.get(BITSPERSAMPLE, (1,))) > 8:  # Pillow would keep the high byte only
        raise failure(Reason.UNSUPPORTED_FORMAT)
    is_grey = image.mode in ("1", "L", "LA")
    return np.array(image.convert("L" if is_grey else "RGB"))


def inverted(values: np.ndarray) -> np.ndarray:
    """Return values with their order turned round: within the range of whole numbers, about 0 for others."""
    return np.iinfo(np.uint16).max - values if values.dtype == np.uint16 else -values


def sixteen_bit_levels(values: np.ndarray, value_range: tuple[int, int]) -> np.ndarray:
    """Return uint16 values as grey levels, by the arithmetic that models/canonical_image.py has for 16-bit PNG files."""
    low, high = value_range
    span = high - low
    above = np.clip(values.astype(np.int32), low, high) - low
    return ((above * 510 + span) // (2 * span)).astype(np.uint8)
