"""From canonical pixels to what a network takes: zero mean and unit variance over the train split."""

from dataclasses import dataclass

import tensorflow as tf

SMALLEST_VARIANCE = 1e-6  # a train split of one grey level alone would divide by zero
MAXIMUM = 255.0


@dataclass(frozen=True)
class PixelMoments:
    """Mean and variance of pixels / 255 over the train split."""

    mean: float
    variance: float


def normalise(pixels: tf.Tensor, moments: PixelMoments) -> tf.Tensor:
    """Return (pixels / 255 - mean) / standard deviation, float32; pixels are 0 to 255 of any number type."""
    deviation = max(moments.variance, SMALLEST_VARIANCE) ** 0.5
    return tf.cast(pixels, tf.float32) * (1.0 / (MAXIMUM * deviation)) - moments.mean / deviation
