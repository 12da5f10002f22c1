"""A SavedModel small enough to load in a moment, with a signature for everything that the server has to handle."""

from pathlib import Path
from typing import Any

import tensorflow as tf

from models.canonical_image import CanonicalSpec
from models.export import canonical_batch

CLASSES = ("cat", "dog")
CANONICAL = CanonicalSpec(size=8, channels=1, max_pixels=10_000)


class TinyModel(tf.Module):
    """y = x * scale, and some signatures beside it."""

    def __init__(self, scale: float) -> None:
        """Multiply by `scale`."""
        self.scale = tf.Variable(scale)

    @tf.function(input_signature=[tf.TensorSpec([None, 2], tf.float32, name="x")])
    def multiply(self, x: tf.Tensor) -> dict[str, tf.Tensor]:
        """Multiply; a negative value is an error of the model."""
        with tf.control_dependencies([tf.debugging.Assert(tf.reduce_all(x >= 0), ["expected no negative value"])]):
            return {"y": x * self.scale, "total": tf.reduce_sum(x, axis=1) * self.scale}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="image")])
    def measure(self, image: tf.Tensor) -> dict[str, tf.Tensor]:
        """Return length and copy of texts."""
        return {"length": tf.strings.length(image), "copy": image, "copy_bytes": image}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="image")])
    def decode(self, image: tf.Tensor) -> dict[str, tf.Tensor]:
        """Return the mean of canonical images, decoded as an export decodes them."""
        return {"mean": tf.reduce_mean(tf.cast(canonical_batch(image, CANONICAL), tf.float32), axis=[1, 2, 3])}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="inputs")])
    def classify(self, inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        """Score examples by their feature x."""
        x = tf.io.parse_example(inputs, {"x": tf.io.FixedLenFeature([], tf.float32)})["x"]
        return {"classes": tf.tile([CLASSES], [tf.size(x), 1]), "scores": tf.stack([x, 1 - x], axis=1)}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.int32, name="rounds")])
    def spin(self, rounds: tf.Tensor) -> dict[str, tf.Tensor]:
        """Go round as often as the largest number says: about a million rounds in a second or two."""
        count = tf.reduce_max(rounds)
        last = tf.while_loop(lambda i: i < count, lambda i: (i + 1,), (tf.constant(0),), parallel_iterations=1)
        return {"last": tf.fill([tf.size(rounds)], last[0])}

    @tf.function(input_signature=[tf.TensorSpec([], tf.float32, name="a"), tf.TensorSpec([None], tf.bool, name="b")])
    def two(self, a: tf.Tensor, b: tf.Tensor) -> dict[str, tf.Tensor]:
        """Take two inputs, one of them a scalar."""
        return {"a": a, "b": b}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="x")])
    def summed(self, x: tf.Tensor) -> dict[str, tf.Tensor]:
        """Return one number, and a text, for the whole batch: no signature to batch."""
        return {"sum": tf.reduce_sum(x), "word": tf.constant(b"a\x00")}


def save(folder: Path, scale: float) -> Path:
    """Write the model as a version folder."""
    model = TinyModel(scale)
    signatures: dict[str, Any] = {
        "serving_default": model.multiply,
        "measure": model.measure,
        "decode": model.decode,
        "classify": model.classify,
        "spin": model.spin,
        "two": model.two,
        "summed": model.summed,
    }
    tf.saved_model.save(model, str(folder), signatures=signatures)
    return folder
