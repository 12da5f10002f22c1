"""Where in an image the evidence for the decision lies: Grad-CAM (Selvaraju et al. 2017), computed in the served graph.

The last feature map that still has places is weighted, channel by channel, with the mean gradient of the decided class's score;
what speaks for the class is kept. The map is as coarse as those features: it shows where, never an outline. It is stretched
over the whole image, which lets it lie up to 3 % of the side too far out where convolutions do not pad (article_cnn).
"""

from collections.abc import Callable

import keras
import tensorflow as tf

Explained = tuple[tf.Tensor, tf.Tensor]
PLACES_RANK = 4  # [batch, height, width, channels]


def explainer(model: keras.Model) -> Callable[[tf.Tensor], Explained]:
    """Return a function that a model's images are explained by.

    Args:
        model: of the zoo; its last layer is dense with a softmax, behind a feature map of rank 4 somewhere.

    Returns:
        normalised images [batch, size, size, channels] -> the model's probabilities float32 [batch, classes], and heat maps
        float32 [batch, size, size] of the most probable class: 1 at the strongest place, all 0 where nothing speaks for it.

    Raises:
        ValueError: when the model has no feature map.
    """
    last = model.layers[-1]
    parts = keras.Model(model.inputs, [last_feature_map(model), last.input, model.output])

    def explain(images: tf.Tensor) -> Explained:
        with tf.GradientTape() as tape:
            tape.watch(images)  # so that all that follows from them is recorded
            feature_map, summary, probabilities = parts(images, training=False)
            score = decided_score(tf.cast(summary, tf.float32), last, probabilities)
        return probabilities, heat_map(feature_map, tape.gradient(score, feature_map), tf.shape(images)[1:3])

    return explain


def last_feature_map(model: keras.Model) -> keras.KerasTensor:
    """Return the output of the last layer that still tells places apart.

    Raises:
        ValueError: when there is none.
    """
    for layer in reversed(model.layers[1:]):
        if len(layer.output.shape) == PLACES_RANK:
            return layer.output
    raise ValueError(
        f"the model {model.name!r} has no feature map; expected a layer with output [batch, height, width, channels]"
    )


def decided_score(summary: tf.Tensor, last: keras.layers.Dense, probabilities: tf.Tensor) -> tf.Tensor:
    """Return the score of the most probable class before the softmax, which flattens gradients where it is sure."""
    scores = tf.matmul(summary, last.kernel.value) + last.bias.value
    return tf.gather(scores, tf.argmax(probabilities, axis=1), batch_dims=1)


def heat_map(feature_map: tf.Tensor, gradient: tf.Tensor, size: tf.Tensor) -> tf.Tensor:
    """Return the map, float32 [batch, height, width] in 0..1, of features and gradients [batch, rows, columns, channels]."""
    weights = tf.reduce_mean(tf.cast(gradient, tf.float32), axis=(1, 2), keepdims=True)
    evidence = tf.nn.relu(tf.reduce_sum(weights * tf.cast(feature_map, tf.float32), axis=-1, keepdims=True))
    heat = tf.image.resize(evidence, size)[..., 0]
    return tf.math.divide_no_nan(heat, tf.reduce_max(heat, axis=(1, 2), keepdims=True))
