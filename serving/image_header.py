"""What the header of a PNG or JPEG file claims, read without decoding a pixel.

Some models decode whatever a request holds. A file of a hundred bytes may claim a hundred gigapixels, and the decoder would take
the memory before it finds out: such a file is refused here.
"""

import struct
from collections.abc import Iterable

from models.image_signature import JPEG_SIGNATURE, PNG_SIGNATURE
from serving.serving_error import invalid

START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # ISO/IEC 10918-1, table B.1
WITHOUT_LENGTH = frozenset({0x01, *range(0xD0, 0xD8)})
END_OF_HEADER = frozenset({0xD9, 0xDA})


def claimed_size(encoded: bytes) -> tuple[int, int] | None:
    """Return height and width in pixels; None for what is no PNG or JPEG, or has no readable header."""
    if encoded.startswith(PNG_SIGNATURE):
        return _png_size(encoded)
    if encoded.startswith(JPEG_SIGNATURE):
        return _jpeg_size(encoded)
    return None


def check_images(values: Iterable[bytes], max_pixels: int) -> None:
    """Look at the values of a string tensor, some of which may be image files.

    Raises:
        ServingError: INVALID_ARGUMENT when a header claims more than `max_pixels`.
    """
    for value in values:
        size = claimed_size(value)
        if size is not None and size[0] * size[1] > max_pixels:
            raise invalid(f"an image header claims {size[0]} x {size[1]} pixels; expected at most {max_pixels}")


def _png_size(encoded: bytes) -> tuple[int, int] | None:
    """Read IHDR, which comes first (PNG specification, section 11.2.2)."""
    if len(encoded) < 24:
        return None
    width, height = struct.unpack_from(">II", encoded, 16)
    return height, width


def _jpeg_size(encoded: bytes) -> tuple[int, int] | None:
    """Walk from marker to marker up to the frame header."""
    at = 2
    while at + 4 <= len(encoded):
        if encoded[at] != 0xFF:
            return None
        marker = encoded[at + 1]
        if marker == 0xFF:  # a fill byte
            at += 1
        elif marker in START_OF_FRAME:
            return struct.unpack_from(">HH", encoded, at + 5) if at + 9 <= len(encoded) else None
        elif marker in END_OF_HEADER:
            return None
        elif marker in WITHOUT_LENGTH:
            at += 2
        else:
            at += 2 + max(struct.unpack_from(">H", encoded, at + 2)[0], 2)
    return None
