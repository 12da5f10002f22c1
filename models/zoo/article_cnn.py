"""The classic recipe: three convolutions of 32, 64 and 128 filters, max pooling, a dense layer of 128, softmax."""

import keras
from keras import layers

FILTERS = (32, 64, 128)
KERNEL = 3
POOL = 2
DENSE_UNITS = 128


def build(image_shape: tuple[int, int, int], classes: int, *, seed: int, dtype: str) -> keras.Model:
    """Build the network; at 224 x 224 x 3 it has 11.2 million weights, nearly all in the dense layer."""
    policy = keras.DTypePolicy(dtype)
    image = features = layers.Input(image_shape, name="image", dtype="float32")
    for depth, filters in enumerate(FILTERS):
        kernel = keras.initializers.GlorotUniform(seed=seed + depth)
        convolution = layers.Conv2D(
            filters, KERNEL, activation="relu", kernel_initializer=kernel, dtype=policy, name=f"conv_{filters}"
        )
        features = layers.MaxPooling2D(POOL, dtype=policy, name=f"pool_{filters}")(convolution(features))
    features = layers.Flatten(dtype=policy, name="flatten")(features)
    kernel = keras.initializers.GlorotUniform(seed=seed + len(FILTERS))
    features = layers.Dense(DENSE_UNITS, activation="relu", kernel_initializer=kernel, dtype=policy, name="dense")(features)
    kernel = keras.initializers.GlorotUniform(seed=seed + len(FILTERS) + 1)
    probabilities = layers.Dense(classes, activation="softmax", kernel_initializer=kernel, dtype="float32", name="probabilities")
    return keras.Model(image, probabilities(features), name="article_cnn")
