"""From a manifest row to its canonical image, or the reason why there is none."""

import hashlib
import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import tensorflow as tf

from components.image_example_gen.manifest import ManifestRow
from components.image_example_gen.png_file import png_file
from models.canonical_image import (
    JPEG_SIGNATURE,
    PNG_SIGNATURE,
    CanonicalSpec,
    canonical_pixels,
    source_size,
)
from pipeline.reasons import Reason, failure

BYTES_PER_PIXEL = 8  # RGBA of 16 bit, not compressed
METADATA_BYTES = 2**24  # profiles and thumbnails beside the pixels
PNG_END = b"IEND\xaeB`\x82"
JPEG_END = b"\xff\xd9"


@dataclass(frozen=True)
class CanonicalImage:
    """One image as ingest stores it.

    Args:
        png: the canonical pixels as a PNG file.
        pixels: uint8 [size, size, channels].
        height, width: of the source, in pixels.
    """

    png: bytes
    pixels: np.ndarray
    height: int
    width: int

    @property
    def pixels_sha256(self) -> str:
        """SHA-256 of the pixels and their shape: equal for equal images, whatever the files."""
        shape = "x".join(map(str, self.pixels.shape))
        return hashlib.sha256(shape.encode() + b"\x00" + self.pixels.tobytes()).hexdigest()


def read_image(row: ManifestRow, folder: Path, spec: CanonicalSpec) -> CanonicalImage:
    """Read, check and decode the file of a manifest row.

    Raises:
        ImageError: with the reason code, and without the file's name.
    """
    encoded = read_file(folder / row.path, spec.max_pixels * BYTES_PER_PIXEL + METADATA_BYTES)
    if row.sha256 and hashlib.sha256(encoded).hexdigest() != row.sha256:
        raise failure(Reason.CHANGED_FILE)
    return decode(encoded, spec)


def read_file(path: Path, most_bytes: int) -> bytes:
    """Return the bytes of a regular file or of what a link points to.

    Raises:
        ImageError: when it is missing, can't be read or is larger than `most_bytes`.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):  # a named pipe would block for ever
            raise failure(Reason.UNREADABLE_FILE)
        if status.st_size > most_bytes:
            raise failure(Reason.TOO_MANY_BYTES)
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError, ValueError) as error:  # ValueError: a NUL in the name
        raise failure(Reason.MISSING_FILE) from error
    except OSError as error:
        raise failure(Reason.UNREADABLE_FILE) from error


def decode(encoded: bytes, spec: CanonicalSpec) -> CanonicalImage:
    """Turn the bytes of a file into its canonical image.

    Raises:
        ImageError: with the reason code.
    """
    try:
        pixels, size = (tensor.numpy() for tensor in canonical_function(spec)(tf.constant(encoded)))
    except tf.errors.InvalidArgumentError as error:
        raise failure(why_undecodable(encoded, spec.max_pixels)) from error
    height, width = size.tolist()
    return CanonicalImage(png_file(pixels), pixels, height, width)


@cache
def canonical_function(spec: CanonicalSpec) -> Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]]:
    """Return the traced function from encoded bytes to pixels and source size; one per process, safe in threads."""

    def function(encoded: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return canonical_pixels(encoded, spec), source_size(encoded)

    return tf.function(function, autograph=False).get_concrete_function(tf.TensorSpec([], tf.string))


def why_undecodable(encoded: bytes, max_pixels: int) -> Reason:
    """Return the reason code for bytes that canonical_pixels refused."""
    if not encoded:
        return Reason.TRUNCATED
    if not encoded.startswith((PNG_SIGNATURE, JPEG_SIGNATURE)):
        begun = PNG_SIGNATURE.startswith(encoded) or JPEG_SIGNATURE.startswith(encoded)
        return Reason.TRUNCATED if begun else Reason.UNSUPPORTED_FORMAT
    ending = PNG_END if encoded.startswith(PNG_SIGNATURE) else JPEG_END
    ends_early = Reason.TRUNCATED if ending not in encoded[-1024:] else Reason.UNDECODABLE  # some writers pad the end
    try:
        height, width = source_size(tf.constant(encoded)).numpy().tolist()
    except tf.errors.InvalidArgumentError:
        return ends_early
    return ends_early if 1 <= height * width <= max_pixels else Reason.TOO_MANY_PIXELS


def decoding_threads() -> int:
    """Return how many images to decode at once: a thread per core that this process may use."""
    return len(os.sched_getaffinity(0))
