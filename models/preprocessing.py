"""What Transform computes, for training and serving: label ids and the moments of the train split's pixels.

No pixel is decoded here: ingest wrote each image's mean and standard deviation as features. The pixels themselves take the one
way of canonical_image.py. tensorflow-transform runs analyzers on the train split alone (TFX: `analyze=['train']`).
"""

from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf
import tensorflow_transform as tft

from models import features

UNKNOWN_LABEL_ID = -1


def preprocessing_fn(inputs: Mapping[str, Any], custom_config: Mapping[str, Any]) -> dict[str, Any]:
    """Return label_id, pixel_mean and pixel_variance; pixels are not among the inputs.

    Args:
        inputs: features of models/features.py by name.
        custom_config: 'classes', the configured class names in order.

    Returns:
        label_id int64 [batch, 1], pixel_mean and pixel_variance float32 [batch, 1] (of pixels / 255).
    """
    means = _column(inputs[features.MEAN])
    deviations = _column(inputs[features.STANDARD_DEVIATION])
    pixel_mean, pixel_variance = pixel_moments(means, deviations)
    labels = _column(inputs[features.LABEL])
    return {
        features.LABEL_ID: label_ids(labels, custom_config["classes"]),
        features.PIXEL_MEAN: tf.zeros_like(means) + pixel_mean,
        features.PIXEL_VARIANCE: tf.zeros_like(means) + pixel_variance,
    }


def pixel_moments(means: tf.Tensor, deviations: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Return mean and variance (float32 scalars) over all pixels of the analysed split, from each image's own moments.

    By the law of total variance; canonical images have the same number of pixels, so that each counts alike. Computed in
    float64: the difference of two squares, and a sum whose order Beam chooses.
    """
    wide = tf.cast(means, tf.float64)
    mean = tft.mean(wide)
    square = tft.mean(tf.square(tf.cast(deviations, tf.float64)) + tf.square(wide))
    variance = tf.maximum(square - tf.square(mean), tf.constant(0.0, tf.float64))
    return tf.cast(mean, tf.float32), tf.cast(variance, tf.float32)


def label_ids(labels: tf.Tensor, classes: Sequence[str]) -> tf.Tensor:
    """Return the position of each label in the classes, int64 of the same shape; -1 for any other text."""
    # Compared rather than looked up: a table would be one more resource to carry into every export.
    matches = tf.equal(labels[..., tf.newaxis], tf.constant(list(classes)))
    return tf.where(tf.reduce_any(matches, axis=-1), tf.argmax(matches, axis=-1), tf.constant(UNKNOWN_LABEL_ID, tf.int64))


def _column(feature: Any) -> tf.Tensor:
    """Return a feature as [batch, 1], whether the schema gives it a fixed shape or not."""
    if isinstance(feature, tf.SparseTensor):
        empty = "" if feature.dtype == tf.string else tf.zeros([], feature.dtype)
        feature = tf.sparse.to_dense(tf.SparseTensor(feature.indices, feature.values, [feature.dense_shape[0], 1]), empty)
    return tf.reshape(feature, [-1, 1])
