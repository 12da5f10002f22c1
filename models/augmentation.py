"""Random changes of training images: one projective transform for rotation, zoom and flip, one multiply-add for intensity.

The numbers drawn depend on the seed alone, so a training that continues at step 700 sees what an uninterrupted one sees there.
"""

import math

import tensorflow as tf

from pipeline.config import Augmentation

MID_GREY = 127.5  # contrast changes around it


def augment(images: tf.Tensor, seed: tf.Tensor, settings: Augmentation) -> tf.Tensor:
    """Change each image of a batch at random.

    Args:
        images: float32 [batch, height, width, channels], 0 to 255.
        seed: int32 [2]; equal seeds give equal changes.
        settings: how far.

    Returns:
        float32 of the same shape, 0 to 255 except for small overshoots of intensity.
    """
    seeds = tf.unstack(tf.random.split(seed, 3))
    if settings.rotation_degrees > 0 or settings.zoom > 0 or settings.flip != "none":
        images = _move(images, window_transforms(images, seeds[0], settings))
    if settings.intensity > 0:
        images = _change_intensity(images, seeds[1:], settings.intensity)
    return images


def window_transforms(images: tf.Tensor, seed: tf.Tensor, settings: Augmentation) -> tf.Tensor:
    """Draw a transform for each image: float32 [batch, 8], output to input positions as ImageProjectiveTransformV3 has them."""
    shape = tf.shape(images)
    batch, height, width = shape[0], tf.cast(shape[1], tf.float32), tf.cast(shape[2], tf.float32)
    draws = tf.random.stateless_uniform([6, batch], seed, -1.0, 1.0)
    angle = draws[0] * math.radians(settings.rotation_degrees)
    scale = 1.0 + draws[1] * settings.zoom
    across = scale * _mirror(draws[2], settings.flip in ("horizontal", "both"))
    down = scale * _mirror(draws[3], settings.flip in ("vertical", "both"))
    cosine, sine = tf.cos(angle), tf.sin(angle)
    # Output position p is read at  R(angle) * diag(across, down) * (p - centre) + centre + shift.
    a0, a1, b0, b1 = across * cosine, -down * sine, across * sine, down * cosine
    centre_x, centre_y = (width - 1.0) / 2.0, (height - 1.0) / 2.0
    shift = settings.zoom / 2.0
    a2 = centre_x - a0 * centre_x - a1 * centre_y + draws[4] * shift * width
    b2 = centre_y - b0 * centre_x - b1 * centre_y + draws[5] * shift * height
    zeros = tf.zeros_like(a0)
    return tf.stack([a0, a1, a2, b0, b1, b2, zeros, zeros], axis=1)


def _mirror(draw: tf.Tensor, allowed: bool) -> tf.Tensor:
    return tf.where(draw < 0.0, -1.0, 1.0) if allowed else tf.ones_like(draw)


def _move(images: tf.Tensor, transforms: tf.Tensor) -> tf.Tensor:
    """Read every image through its transform, bilinear, continuing it by reflection at its borders."""
    moved = tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=transforms,
        output_shape=tf.shape(images)[1:3],
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="REFLECT",
    )
    return tf.ensure_shape(moved, images.shape)


def _change_intensity(images: tf.Tensor, seeds: list[tf.Tensor], extent: float) -> tf.Tensor:
    """Scale contrast around mid-grey and shift brightness, each image by its own amounts."""
    each = [tf.shape(images)[0], 1, 1, 1]
    contrast = 1.0 + tf.random.stateless_uniform(each, seeds[0], -extent, extent)
    brightness = tf.random.stateless_uniform(each, seeds[1], -extent, extent) * 255.0
    return images * contrast + (MID_GREY * (1.0 - contrast) + brightness)
