"""What the header of a compressed frame claims: JPEG, JPEG-LS, JPEG 2000 and HTJ2K."""

import struct
from typing import NamedTuple

JPEG_START = b"\xff\xd8"
JPEG_2000_START = b"\xff\x4f\xff\x51"  # SOC and SIZ, ISO/IEC 15444-1 A.4 and A.5
NO_FRAME_HEADERS = (0xC4, 0xC8, 0xCC)  # DHT, JPG and DAC, among the SOF markers 0xC0 to 0xCF of ISO/IEC 10918-1 B.1
JPEG_LS_FRAME = 0xF7  # ISO/IEC 14495-1 C.1
FILL = 0xFF


class Claim(NamedTuple):
    """Size of an image in pixels, and its components."""

    height: int
    width: int
    components: int


def claimed_size(frame: bytes) -> Claim | None:
    """Return what a compressed frame claims to decode to; None where it has no such header (RLE, damaged)."""
    try:
        if frame.startswith(JPEG_START):
            return _jpeg_claim(frame)
        start = frame.find(JPEG_2000_START)  # behind the boxes of a JP2 file, which some writers leave in
        return None if start < 0 else _jpeg_2000_claim(frame, start + len(JPEG_2000_START))
    except (struct.error, IndexError):  # it ends within its header
        return None


def _jpeg_claim(frame: bytes) -> Claim:
    at = len(JPEG_START)
    while True:
        while frame[at] != FILL or frame[at + 1] == FILL:  # fill bytes before a marker
            at += 1
        marker = frame[at + 1]
        if marker == JPEG_LS_FRAME or (0xC0 <= marker <= 0xCF and marker not in NO_FRAME_HEADERS):
            return Claim(*struct.unpack_from(">HHB", frame, at + 5))
        at += 2 + struct.unpack_from(">H", frame, at + 2)[0]


def _jpeg_2000_claim(frame: bytes, at: int) -> Claim:
    _length, _capabilities, right, bottom, left, top = struct.unpack_from(">HHIIII", frame, at)
    (components,) = struct.unpack_from(">H", frame, at + 36)  # behind the tile size and offset
    return Claim(bottom - top, right - left, components)
