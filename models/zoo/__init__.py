"""The model zoo: a module per network. Each takes normalised images and returns class probabilities."""

from typing import Literal

import keras

from models.zoo import article_cnn, compact_resnet

Name = Literal["article_cnn", "compact_resnet"]
ImageShape = tuple[int, int, int]


def build(name: Name, image_shape: ImageShape, classes: int, *, seed: int = 1, dtype: str = "float32") -> keras.Model:
    """Build a network with fresh weights.

    Args:
        name: which network.
        image_shape: height, width, channels.
        classes: how many, at least 2.
        seed: of the initial weights; equal seeds give equal weights.
        dtype: Keras dtype policy of all but the last layer, 'float32' or 'mixed_bfloat16'.

    Returns:
        float32 [batch, height, width, channels] -> probabilities float32 [batch, classes], rows sum to 1.

    Raises:
        ValueError: for a name that is not in the zoo.
    """
    match name:
        case "article_cnn":
            return article_cnn.build(image_shape, classes, seed=seed, dtype=dtype)
        case "compact_resnet":
            return compact_resnet.build(image_shape, classes, seed=seed, dtype=dtype)
    raise ValueError(f"training.model is {name!r}; expected article_cnn or compact_resnet")
