"""The one way from encoded bytes to canonical pixels, the same TensorFlow function at ingest and in serving.

Two steps: decode a file, fit its pixels. What models/rendering makes of files that TensorFlow does not decode takes the second
alone, with the result that a PNG file of its pixels would have.

PNG (grey, palette, RGB, each with or without alpha, 1 to 16 bit) and JPEG (grey, YCbCr, RGB, CMYK) become
uint8 [size, size, channels]. Alpha is dropped, EXIF orientation and colour profiles are not applied. The function is the identity
on its own output, so the PNG that ingest stores and the file that a client sends give the same bytes.
"""

from dataclasses import dataclass
from functools import partial
from typing import Literal

import tensorflow as tf

from models.image_signature import JPEG_SIGNATURE, PNG_SIGNATURE

PNG_HEADER_BYTES = 33  # signature (8) and the whole IHDR chunk (25), PNG specification section 11.2.2
PNG_GREY_TYPES = (0, 4)  # colour type: grey, grey with alpha
PNG_COLOUR_CHANNELS = 3
CMYK_COMPONENTS = 4
LUMA_WEIGHTS = (299, 587, 114)  # thousandths, ITU-R BT.601, as in JPEG
PNG_COMPRESSION = 1  # zlib level: a tenth larger than level 6 at a third of its time


@dataclass(frozen=True)
class CanonicalSpec:
    """What a canonical image is.

    Args:
        size: side in pixels.
        channels: 1 (grey) or 3 (RGB).
        fit: 'letterbox' keeps the whole image between black bars, 'center_crop' its central square.
        max_pixels: width times height of the source above which nothing is decoded.
        sixteen_bit_range: values of 16-bit files that become 0 and 255; the rest is clipped.
    """

    size: int = 224
    channels: Literal[1, 3] = 3
    fit: Literal["letterbox", "center_crop"] = "letterbox"
    max_pixels: int = 50_000_000
    sixteen_bit_range: tuple[int, int] = (0, 65_535)


def canonical_pixels(encoded: tf.Tensor, spec: CanonicalSpec) -> tf.Tensor:
    """Decode one PNG or JPEG file to canonical pixels.

    Args:
        encoded: string scalar, the bytes of the file.
        spec: what the result is like.

    Returns:
        uint8 [size, size, channels].

    Raises:
        tf.errors.InvalidArgumentError: when the bytes are no whole PNG or JPEG, or the header claims more than
            `spec.max_pixels`; in that case before any pixel is decoded.
    """
    is_png = starts_with(encoded, PNG_SIGNATURE)
    known = tf.logical_or(is_png, starts_with(encoded, JPEG_SIGNATURE))
    with tf.control_dependencies([tf.debugging.Assert(known, ["expected the bytes of a PNG or JPEG file"])]):
        encoded = tf.identity(encoded)
    return _fitted(tf.cond(is_png, partial(_decode_png, encoded, spec), partial(_decode_jpeg, encoded, spec)), spec)


def fit_pixels(pixels: tf.Tensor, spec: CanonicalSpec) -> tf.Tensor:
    """Turn 8-bit pixels to canonical ones, as if they came from a PNG file.

    Args:
        pixels: uint8 [height, width, 1 or 3], none of the sides 0.
        spec: what the result is like.

    Returns:
        uint8 [size, size, channels].
    """
    if pixels.shape[2] != spec.channels:
        pixels = _luma(pixels) if spec.channels == 1 else tf.repeat(pixels, spec.channels, axis=2)
    return _fitted(pixels, spec)


def encode_png(pixels: tf.Tensor) -> tf.Tensor:
    """Encode uint8 pixels [height, width, channels] as a PNG file (string scalar), eagerly or in a graph."""
    return tf.io.encode_png(pixels, compression=PNG_COMPRESSION)


def starts_with(encoded: tf.Tensor, signature: bytes) -> tf.Tensor:
    """Tell whether a string scalar begins with a signature (bool scalar)."""
    # An empty string has no substring at 0; the padding makes one without changing the answer.
    return tf.equal(tf.strings.substr(tf.strings.join([encoded, b"\x00"]), 0, len(signature)), signature)


def source_size(encoded: tf.Tensor) -> tf.Tensor:
    """Return what the header of a PNG or JPEG file claims, int64 [2]: height and width in pixels.

    Raises:
        tf.errors.InvalidArgumentError: when there is no readable header.
    """
    return tf.cond(starts_with(encoded, PNG_SIGNATURE), partial(_png_size, encoded), partial(_jpeg_size, encoded))


def _png_size(encoded: tf.Tensor) -> tf.Tensor:
    """Return height and width of the IHDR chunk; a claim above 2^31 - 1, which PNG forbids, stays large and positive."""
    whole = tf.greater_equal(tf.strings.length(encoded), PNG_HEADER_BYTES)
    with tf.control_dependencies([tf.debugging.Assert(whole, ["expected a PNG header of 33 bytes"])]):
        sizes = tf.strings.substr(encoded, 16, 8)
    signed = tf.cast(tf.io.decode_raw(sizes, tf.int32, little_endian=False), tf.int64)
    return tf.reverse(tf.bitwise.bitwise_and(signed, tf.constant(0xFFFFFFFF, tf.int64)), [0])


def _jpeg_size(encoded: tf.Tensor) -> tf.Tensor:
    return tf.cast(tf.io.extract_jpeg_shape(encoded)[:2], tf.int64)


def _guarded(encoded: tf.Tensor, size: tf.Tensor, max_pixels: int) -> tf.Tensor:
    """Return the bytes, provided that the header claims between 1 and `max_pixels` pixels."""
    height, width = size[0], size[1]
    # Each side is checked first: the product of two 32-bit sides overflows int64.
    within = tf.reduce_all(tf.logical_and(tf.greater_equal(size, 1), tf.less_equal(size, max_pixels)))
    fits = tf.logical_and(within, tf.constant(max_pixels, tf.int64) // tf.maximum(height, 1) >= width)
    claim = ["the header claims", width, "x", height, "pixels; expected 1 to", max_pixels]
    with tf.control_dependencies([tf.debugging.Assert(fits, claim)]):
        return tf.identity(encoded)


def _decode_png(encoded: tf.Tensor, spec: CanonicalSpec) -> tf.Tensor:
    encoded = _guarded(encoded, _png_size(encoded), spec.max_pixels)
    header = tf.cast(tf.io.decode_raw(tf.strings.substr(encoded, 24, 2), tf.uint8), tf.int32)
    bit_depth, colour_type = header[0], header[1]
    is_grey = tf.reduce_any(tf.equal(colour_type, tf.constant(PNG_GREY_TYPES)))

    def decode(channels: int) -> tf.Tensor:
        sixteen = partial(_decode_sixteen_bit, encoded, channels, spec.sixteen_bit_range)
        return tf.cond(bit_depth > 8, sixteen, lambda: tf.io.decode_png(encoded, channels))

    if spec.channels == PNG_COLOUR_CHANNELS:
        return decode(PNG_COLOUR_CHANNELS)
    # TensorFlow's own grey of a colour PNG hands libpng the blue weight as the green one.
    return tf.cond(is_grey, lambda: decode(1), lambda: _luma(decode(PNG_COLOUR_CHANNELS)))


def _decode_sixteen_bit(encoded: tf.Tensor, channels: int, value_range: tuple[int, int]) -> tf.Tensor:
    """Map the stated range of 16-bit values to 0..255, rounding half up; plain uint8 decoding keeps the high byte only."""
    low, high = value_range
    values = tf.cast(tf.io.decode_png(encoded, channels, tf.uint16), tf.int32)
    above = tf.clip_by_value(values, low, high) - low
    span = high - low
    return tf.cast((above * 510 + span) // (2 * span), tf.uint8)


def _decode_jpeg(encoded: tf.Tensor, spec: CanonicalSpec) -> tf.Tensor:
    encoded = _guarded(encoded, _jpeg_size(encoded), spec.max_pixels)

    def decode(channels: int) -> tf.Tensor:
        return tf.io.decode_jpeg(encoded, channels, dct_method="INTEGER_ACCURATE")

    if spec.channels == PNG_COLOUR_CHANNELS:
        return decode(PNG_COLOUR_CHANNELS)
    # libjpeg turns everything but CMYK into grey itself, from the Y plane alone.
    is_cmyk = tf.equal(tf.io.extract_jpeg_shape(encoded)[2], CMYK_COMPONENTS)
    return tf.cond(is_cmyk, lambda: _luma(decode(PNG_COLOUR_CHANNELS)), lambda: decode(1))


def _luma(pixels: tf.Tensor) -> tf.Tensor:
    """Return the grey of RGB pixels, uint8 [height, width, 1]; a grey RGB pixel keeps its value exactly."""
    weighted = tf.cast(pixels, tf.int32) * tf.constant(LUMA_WEIGHTS)
    return tf.cast((tf.reduce_sum(weighted, axis=-1, keepdims=True) + 500) // 1000, tf.uint8)


def _fitted(pixels: tf.Tensor, spec: CanonicalSpec) -> tf.Tensor:
    """Return pixels that have the right number of channels at the right size."""
    pixels = _letterbox(pixels, spec.size) if spec.fit == "letterbox" else _center_crop(pixels, spec.size)
    return tf.ensure_shape(pixels, [spec.size, spec.size, spec.channels])


def _resize(pixels: tf.Tensor, height: tf.Tensor, width: tf.Tensor) -> tf.Tensor:
    """Resize uint8 pixels: area mean when shrinking, bilinear when enlarging, untouched at equal size."""
    shape = tf.shape(pixels)
    target = tf.stack([height, width])

    def resize() -> tf.Tensor:
        shrinks = tf.reduce_any(target < shape[:2])
        batch = tf.expand_dims(pixels, 0)
        area = partial(tf.raw_ops.ResizeArea, images=batch, size=target)
        bilinear = partial(tf.raw_ops.ResizeBilinear, images=batch, size=target, half_pixel_centers=True)
        return tf.cast(tf.floor(tf.cond(shrinks, area, bilinear)[0] + 0.5), tf.uint8)

    return tf.cond(tf.reduce_all(tf.equal(shape[:2], target)), lambda: pixels, resize)


def _letterbox(pixels: tf.Tensor, size: int) -> tf.Tensor:
    """Resize the longer side to `size` and centre the image on black."""
    shape = tf.shape(pixels)
    longer = tf.maximum(shape[0], shape[1])
    # Rounded half up in whole numbers: the same on every machine. A very long image keeps one row.
    height, width = (tf.maximum((2 * shape[axis] * size + longer) // (2 * longer), 1) for axis in (0, 1))
    top, left = (size - height) // 2, (size - width) // 2
    # Not tf.image.pad_to_bounding_box: what it asserts of a decoded image makes the images of a batch wait for each other.
    return tf.pad(_resize(pixels, height, width), [[top, size - height - top], [left, size - width - left], [0, 0]])


def _center_crop(pixels: tf.Tensor, size: int) -> tf.Tensor:
    """Resize the central square to `size` x `size`."""
    shape = tf.shape(pixels)
    side = tf.minimum(shape[0], shape[1])
    top, left = (shape[0] - side) // 2, (shape[1] - side) // 2
    return _resize(pixels[top : top + side, left : left + side], tf.constant(size), tf.constant(size))
