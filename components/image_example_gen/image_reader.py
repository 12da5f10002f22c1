"""From a manifest row to its canonical image, or the reason why there is none."""

import hashlib
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import cache, partial, wraps
from pathlib import Path
from threading import Lock
from typing import TypeVar

import numpy as np
import tensorflow as tf

from components.image_example_gen.guarded_worker import GuardedRenderer, Rendered, cores
from components.image_example_gen.image_file import read_file
from components.image_example_gen.manifest import ManifestRow
from components.image_example_gen.png_file import png_file
from models.canonical_image import CanonicalSpec, canonical_pixels, fit_pixels, source_size
from models.image_signature import HEAD_BYTES, JPEG_SIGNATURE, PNG_SIGNATURE, is_png_or_jpeg
from models.rendering.file_kind import is_rendered
from models.rendering.settings import Limits
from pipeline.reasons import Reason, failure

PNG_DEPTH_AT, PNG_TYPE_AT = 24, 25  # in the IHDR chunk, PNG specification section 11.2.2
PNG_PALETTE = 3  # colour type: its depth is that of the index, its values always have 8 bits
JPEG_BITS = 8  # of every JPEG file that TensorFlow decodes
PNG_END = b"IEND\xaeB`\x82"
JPEG_END = b"\xff\xd9"

Traced = TypeVar("Traced")


@dataclass(frozen=True)
class CanonicalImage:
    """One image as ingest stores it.

    Args:
        png: the canonical pixels as a PNG file.
        pixels: uint8 [size, size, channels].
        height, width: of the source, in pixels.
        bits: of a value of the source.
    """

    png: bytes
    pixels: np.ndarray
    height: int
    width: int
    bits: int

    @property
    def pixels_sha256(self) -> str:
        """SHA-256 of the pixels and their shape: equal for equal images, whatever the files."""
        shape = "x".join(map(str, self.pixels.shape))
        return hashlib.sha256(shape.encode() + b"\x00" + self.pixels.tobytes()).hexdigest()


@dataclass(frozen=True)
class ImageReader:
    """Reads the files of manifest rows.

    Args:
        spec: what a canonical image is.
        limits: what a file may ask for; its `pixels` are `spec.max_pixels`.
        renderer: for the files that TensorFlow does not decode.
    """

    spec: CanonicalSpec
    limits: Limits
    renderer: GuardedRenderer

    def read(self, row: ManifestRow, folder: Path) -> CanonicalImage:
        """Read, check and decode the file of a row.

        Raises:
            ImageError: with the reason code, and without the file's name.
        """
        encoded = read_file(folder / row.path, self.limits)
        if row.sha256 and hashlib.sha256(encoded).hexdigest() != row.sha256:
            raise failure(Reason.CHANGED_FILE)
        return self.decode(encoded, row.frame)

    def decode(self, encoded: bytes, frame: int | None = None) -> CanonicalImage:
        """Turn the bytes of a file, or one of its frames, into its canonical image.

        PNG and JPEG are decoded in this process: libpng and libjpeg-turbo are fuzzed without pause, the header is checked before
        a pixel is decoded, so time and memory are bounded, and serving runs this very function in its graph.

        Raises:
            ImageError: with the reason code.
        """
        if is_png_or_jpeg(encoded):
            if frame is not None:
                raise failure(Reason.UNKNOWN_FRAME)
            return decode_in_process(encoded, self.spec)
        if not is_rendered(encoded[:HEAD_BYTES]):
            raise failure(why_undecodable(encoded, self.spec.max_pixels))
        return fitted(self.renderer.render(encoded, frame), self.spec)


def decode_in_process(encoded: bytes, spec: CanonicalSpec) -> CanonicalImage:
    """Turn the bytes of a PNG or JPEG file into its canonical image.

    Raises:
        ImageError: with the reason code.
    """
    try:
        pixels, size = (tensor.numpy() for tensor in canonical_function(spec)(tf.constant(encoded)))
    except tf.errors.InvalidArgumentError as error:
        raise failure(why_undecodable(encoded, spec.max_pixels)) from error
    height, width = size.tolist()
    return CanonicalImage(png_file(pixels), pixels, height, width, bit_depth(encoded))


def fitted(rendered: Rendered, spec: CanonicalSpec) -> CanonicalImage:
    """Turn rendered pixels, uint8 [height, width] or [height, width, 3], into a canonical image."""
    height, width = rendered.pixels.shape[:2]
    planes = rendered.pixels.reshape(height, width, -1)
    pixels = fitting_function(spec, planes.shape[2])(tf.constant(planes)).numpy()
    return CanonicalImage(png_file(pixels), pixels, height, width, rendered.bits)


def traced_once(trace: Callable[..., Traced]) -> Callable[..., Traced]:
    """Trace a function once per process and arguments: threads that all ask for it first wait for one of them.

    functools.cache lets each of them trace, and all together take the time of one after another.
    """
    cached, lock = cache(trace), Lock()

    @wraps(trace)
    def traced(*asked: Hashable) -> Traced:
        with lock:
            return cached(*asked)

    return traced


@traced_once
def fitting_function(spec: CanonicalSpec, channels: int) -> Callable[[tf.Tensor], tf.Tensor]:
    """Return the traced function from rendered to canonical pixels; one per process, safe in threads."""
    signature = tf.TensorSpec([None, None, channels], tf.uint8)
    return tf.function(partial(fit_pixels, spec=spec), autograph=False).get_concrete_function(signature)


@traced_once
def canonical_function(spec: CanonicalSpec) -> Callable[[tf.Tensor], tuple[tf.Tensor, tf.Tensor]]:
    """Return the traced function from encoded bytes to pixels and source size; one per process, safe in threads."""

    def function(encoded: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return canonical_pixels(encoded, spec), source_size(encoded)

    traced = tf.function(function, autograph=False).get_concrete_function(tf.TensorSpec([], tf.string))
    traced(tf.constant(png_file(np.zeros((1, 1, 1), np.uint8))))  # the first call prepares it, in every thread that makes one
    return traced


def bit_depth(encoded: bytes) -> int:
    """Return the bits per value of a PNG or JPEG file that has been decoded."""
    if not encoded.startswith(PNG_SIGNATURE) or encoded[PNG_TYPE_AT] == PNG_PALETTE:
        return JPEG_BITS
    return encoded[PNG_DEPTH_AT]


def why_undecodable(encoded: bytes, max_pixels: int) -> Reason:
    """Return the reason code for bytes that canonical_pixels refused."""
    if not encoded:
        return Reason.TRUNCATED
    if not is_png_or_jpeg(encoded):
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
    """Return how many images to decode at once: two threads per core, as one often waits for the interpreter or its turn."""
    return 2 * cores()
