"""The PNG file of a canonical image, written for speed (PNG specification, third edition).

One filter instead of a choice per row, and libdeflate instead of zlib: half of the time of zlib's quickest strategy at about its
size (bench/RESULTS.md). Its bytes follow from its version alone (its author in github.com/ebiggers/libdeflate, issue 400); those
of the system's zlib also from which library that is.
"""

import struct
import zlib

import deflate
import numpy as np

from models.image_signature import PNG_SIGNATURE

UP_FILTER = 2  # each byte less the one above, section 9.2
GREY, TRUECOLOUR = 0, 2  # colour types, section 11.2.1
LEVEL = 1  # of libdeflate, 0 to 12: level 3 takes twice as long for files a twentieth smaller


def png_file(pixels: np.ndarray) -> bytes:
    """Return uint8 pixels [height, width, 1 or 3] as a PNG file; a grey image in three channels is stored as grey."""
    channels = pixels.shape[2]
    if channels > 1 and all(np.array_equal(pixels[..., 0], pixels[..., other]) for other in range(1, channels)):
        pixels = pixels[..., :1]
    height, width, channels = pixels.shape
    header = struct.pack(">IIBBBBB", width, height, 8, GREY if channels == 1 else TRUECOLOUR, 0, 0, 0)
    data = deflate.zlib_compress(_filtered(pixels.reshape(height, width * channels)).tobytes(), LEVEL)
    return PNG_SIGNATURE + _chunk(b"IHDR", header) + _chunk(b"IDAT", data) + _chunk(b"IEND", b"")


def _filtered(rows: np.ndarray) -> np.ndarray:
    """Return uint8 rows [height, bytes] filtered, each behind the number of its filter."""
    filtered = np.empty((rows.shape[0], rows.shape[1] + 1), np.uint8)
    filtered[:, 0] = UP_FILTER
    filtered[0, 1:] = rows[0]
    np.subtract(rows[1:], rows[:-1], out=filtered[1:, 1:])  # modulo 256, as the filter is defined
    return filtered


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
