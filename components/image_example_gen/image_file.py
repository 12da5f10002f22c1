"""The bytes of an image file, as many as a file of its kind may have.

Neither TensorFlow nor a decoder loads with this module: a client reads its files by it too, and may have neither.
"""

import os
import stat
from pathlib import Path
from typing import BinaryIO

from models.image_signature import HEAD_BYTES, is_png_or_jpeg
from models.rendering.file_kind import is_rendered
from models.rendering.settings import Limits
from pipeline.reasons import Reason, failure

BYTES_PER_PIXEL = 8  # RGBA of 16 bit, not compressed
METADATA_BYTES = 2**24  # profiles and thumbnails beside the pixels


def read_file(path: Path, limits: Limits) -> bytes:
    """Return the bytes of a regular file or of what a link points to.

    Raises:
        ImageError: when it is missing, can't be read or is larger than files of its kind may be.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):  # a named pipe would block for ever
            raise failure(Reason.UNREADABLE_FILE)
        with path.open("rb") as file:
            return bounded_content(file, limits)
    except (FileNotFoundError, NotADirectoryError, ValueError) as error:  # ValueError: a NUL in the name
        raise failure(Reason.MISSING_FILE) from error
    except OSError as error:
        raise failure(Reason.UNREADABLE_FILE) from error


def bounded_content(file: BinaryIO, limits: Limits) -> bytes:
    """Return what is in a file; ImageError when it is larger than files of its kind may be."""
    most = most_bytes(file.read(HEAD_BYTES), limits)
    if os.fstat(file.fileno()).st_size > most:
        raise failure(Reason.TOO_MANY_BYTES)
    file.seek(0)
    return file.read()


def most_bytes(head: bytes, limits: Limits) -> int:
    """Return how large a file that begins so may be."""
    picture = limits.pixels * BYTES_PER_PIXEL + METADATA_BYTES
    return picture if is_png_or_jpeg(head) or not is_rendered(head) else limits.bytes
