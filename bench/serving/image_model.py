"""A network of the zoo as it is served: image files in, probabilities, class names and decision out; weights are fresh.

Only the signature for images of an export: what Transform brings is not asked here.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import keras
import numpy as np
import tensorflow as tf
from PIL import Image

from models import export, zoo
from models.canonical_image import CanonicalSpec
from models.normalisation import PixelMoments, normalise

Kind = Literal["PNG", "JPEG"]

CHANNELS = 3
CLASSES = ("normal", "effusion", "nodule", "fracture")
MOMENTS = PixelMoments(0.5, 0.06)  # of the noise that `images` makes


@dataclass(frozen=True)
class Network:
    """What to export; equal values give equal probabilities.

    Args:
        size: pixels a side.
        seed: of the weights.
        dtype: Keras dtype policy.
    """

    size: int = 224
    seed: int = 1
    dtype: Literal["float32", "mixed_bfloat16"] = "float32"


def save(folder: Path, network: Network) -> Path:
    """Write a compact_resnet as a version folder."""
    model = zoo.build(
        "compact_resnet", (network.size, network.size, CHANNELS), len(CLASSES), seed=network.seed, dtype=network.dtype
    )
    _season(model, network.seed)
    canonical = CanonicalSpec(size=network.size, channels=CHANNELS)
    module = tf.Module()
    module.weights = [variable.value for variable in model.variables]

    def predict(image: tf.Tensor) -> export.Outputs:
        pixels = export.canonical_batch(image, canonical)
        return export.named_outputs(model(normalise(pixels, MOMENTS), training=False), CLASSES)

    signature = [tf.TensorSpec([None], tf.string, name="image")]
    traced = tf.function(predict, input_signature=signature, autograph=False).get_concrete_function()
    tf.saved_model.save(module, str(folder), signatures={export.PREDICT_IMAGE: traced})
    return folder


def _season(model: keras.Model, seed: int) -> None:
    """Give normalisation the statistics, and the last layer the large weights, that training would.

    Where all statistics are 0 or 1 TensorFlow leaves out what it need not add, and fuses the rest in another way. Without large
    weights fresh networks say nearly the same about every image.
    """
    random = np.random.default_rng(seed)
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            for variable in layer.variables:
                variable.assign(variable.numpy() + random.uniform(-0.2, 0.2, variable.shape))
    kernel, bias = model.layers[-1].weights
    kernel.assign(random.normal(0, 0.3, kernel.shape))
    bias.assign(random.normal(0, 1, bias.shape))


def images(count: int, size: int, kind: Kind = "PNG") -> Sequence[bytes]:
    """Return files of noise over a gradient, uint8 [size, size, 3], each another one."""
    return [_file(np.random.default_rng(number), size, kind) for number in range(count)]


def _file(random: np.random.Generator, size: int, kind: Kind) -> bytes:
    ramp = np.linspace(*random.uniform(30, 220, 2), size)
    pixels = (ramp[:, None, None] + random.normal(0, 12, (size, size, CHANNELS))).clip(0, 255).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, kind)
    return file.getvalue()
