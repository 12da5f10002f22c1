import keras
import numpy as np
import pytest
import tensorflow as tf

from models.zoo.compact_resnet import FusedBatchNormalization, build


@pytest.mark.parametrize("side", [16, 28, 64, 224])
def test_network_takes_any_side_and_has_at_most_a_million_weights(side):
    model = build((side, side, 3), 2, seed=1, dtype="float32")
    assert model.count_params() <= 1_000_000
    assert model.output_shape == (None, 2)


def test_fused_batch_normalization_follows_keras_own():
    inputs = np.random.default_rng(0).normal(3, 2, (8, 6, 6, 4)).astype(np.float32)
    fused, plain = FusedBatchNormalization(), keras.layers.BatchNormalization()
    for training in (True, True, False):
        np.testing.assert_allclose(fused(inputs, training=training), plain(inputs, training=training), atol=2e-2)
    # The fused kernel's moving variance has Bessel's correction, Keras's has not.
    np.testing.assert_allclose(fused.moving_mean, plain.moving_mean, rtol=1e-4)
    np.testing.assert_allclose(fused.moving_variance, plain.moving_variance, rtol=1e-2)


def test_training_moves_the_statistics_inside_a_graph():
    layer = FusedBatchNormalization(momentum=0.5)
    layer.build((None, 4, 4, 2))
    step = tf.function(lambda images: layer(images, training=True), autograph=False)
    step(tf.ones([2, 4, 4, 2]) * 3.0)
    np.testing.assert_allclose(layer.moving_mean, 1.5)
