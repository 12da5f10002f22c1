import keras
import numpy as np
import tensorflow as tf

from models.optimizer import FusedAdam


def minimise(optimizer):
    weights = keras.Variable(np.linspace(-1, 1, 12).reshape(3, 4).astype(np.float32))
    optimizer.build([weights])
    for step in range(20):
        gradient = tf.constant(np.sin(np.arange(12).reshape(3, 4) + step).astype(np.float32)) + weights.value
        optimizer.apply([gradient], [weights])
    return weights.numpy()


def test_fused_adam_follows_keras_adam():
    rate = keras.optimizers.schedules.CosineDecay(0.01, 20)
    np.testing.assert_allclose(minimise(FusedAdam(rate)), minimise(keras.optimizers.Adam(rate)), rtol=1e-5, atol=1e-6)
