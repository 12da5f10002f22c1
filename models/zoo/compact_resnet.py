"""A small residual network after He et al. (2015): a stem, three stages, global average pooling; 0.3 million weights."""

from collections.abc import Iterator

import keras
import tensorflow as tf
from keras import layers

WIDTHS = (32, 64, 128)  # filters of the stages; each but the first halves the sides
BLOCKS_PER_STAGE = 1
STRIDED_STEM_FROM = 49  # pixels a side: above, the stem halves the sides
POOLED_STEM_FROM = 129  # pixels a side: above, the stem quarters them
MOMENTUM = 0.9  # of the moving statistics; short trainings take a few hundred steps


class FusedBatchNormalization(layers.BatchNormalization):
    """Batch normalisation over height and width in one TensorFlow kernel, twice as fast on CPU as Keras's own ops.

    Takes and returns [batch, height, width, channels]; its statistics stay float32 when the images are bfloat16.
    """

    def call(self, inputs: tf.Tensor, training: bool | None = None, mask: tf.Tensor | None = None) -> tf.Tensor:
        """Normalise by the batch's statistics in training, else by the moving ones."""
        del mask
        scale, offset = self.gamma.value, self.beta.value
        if not training:
            mean, variance = self.moving_mean.value, self.moving_variance.value
            return _fused(inputs, scale, offset, mean=mean, variance=variance, epsilon=self.epsilon, is_training=False)[0]
        outputs, mean, variance = _fused(inputs, scale, offset, epsilon=self.epsilon, is_training=True)
        for moving, current in ((self.moving_mean, mean), (self.moving_variance, variance)):
            moving.assign(moving * self.momentum + current * (1.0 - self.momentum))
        return outputs


_fused = tf.compat.v1.nn.fused_batch_norm


class _Builder:
    """Makes layers of one dtype policy, each with a seed of its own."""

    def __init__(self, seed: int, dtype: str) -> None:
        self._policy = keras.DTypePolicy(dtype)
        self._seeds: Iterator[int] = iter(range(seed, seed + 1000))

    def convolve(self, inputs: keras.KerasTensor, filters: int, *, kernel: int = 3, stride: int = 1) -> keras.KerasTensor:
        """Convolve and normalise."""
        initial = keras.initializers.HeNormal(seed=next(self._seeds))
        convolution = layers.Conv2D(
            filters, kernel, stride, padding="same", use_bias=False, kernel_initializer=initial, dtype=self._policy
        )
        return FusedBatchNormalization(momentum=MOMENTUM, dtype=self._policy)(convolution(inputs))

    def rectify(self, inputs: keras.KerasTensor) -> keras.KerasTensor:
        return layers.ReLU(dtype=self._policy)(inputs)

    def block(self, inputs: keras.KerasTensor, filters: int, stride: int) -> keras.KerasTensor:
        """Add two convolutions to their own input, which takes the same shape where needed."""
        residual = self.rectify(self.convolve(inputs, filters, stride=stride))
        residual = self.convolve(residual, filters)
        shortcut = inputs
        if stride > 1:
            shortcut = layers.AveragePooling2D(stride, padding="same", dtype=self._policy)(shortcut)
        if inputs.shape[-1] != filters:
            shortcut = self.convolve(shortcut, filters, kernel=1)
        return self.rectify(layers.Add(dtype=self._policy)([shortcut, residual]))

    def stem(self, image: keras.KerasTensor) -> keras.KerasTensor:
        side = max(image.shape[1:3])
        features = self.rectify(self.convolve(image, WIDTHS[0], stride=2 if side >= STRIDED_STEM_FROM else 1))
        return layers.MaxPooling2D(2, dtype=self._policy)(features) if side >= POOLED_STEM_FROM else features


def build(image_shape: tuple[int, int, int], classes: int, *, seed: int, dtype: str) -> keras.Model:
    """Build the network; it takes images of any size from 16 x 16."""
    make = _Builder(seed, dtype)
    image = layers.Input(image_shape, name="image", dtype="float32")
    features = make.stem(image)
    for stage, filters in enumerate(WIDTHS):
        for block in range(BLOCKS_PER_STAGE):
            features = make.block(features, filters, stride=2 if stage > 0 and block == 0 else 1)
    features = layers.GlobalAveragePooling2D(dtype="float32", name="average")(features)
    kernel = keras.initializers.GlorotUniform(seed=seed)
    probabilities = layers.Dense(classes, activation="softmax", kernel_initializer=kernel, dtype="float32", name="probabilities")
    return keras.Model(image, probabilities(features), name="compact_resnet")
