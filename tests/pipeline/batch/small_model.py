"""A small network behind the export's own decoding, pushed in two versions without training."""

from pathlib import Path

import tensorflow as tf

from components.pusher.manifest import Provenance
from components.pusher.push import push
from models.canonical_image import CanonicalSpec
from models.export import canonical_batch, named_outputs
from models.model_facts import ModelFacts, write_facts

CLASSES = ("normal", "nodule", "effusion")
FACTS = ModelFacts(CanonicalSpec(24, 1), CLASSES, "float32")


class SmallNetwork(tf.Module):
    """A convolution, means, dense layer, with the signature of models/export.py."""

    def __init__(self, seed: int) -> None:
        self.kernel = tf.Variable(tf.random.stateless_normal([3, 3, 1, 8], [seed, 1]))
        self.dense = tf.Variable(tf.random.stateless_normal([8, len(CLASSES)], [seed, 2]))

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="image")], autograph=False)
    def predict_image(self, image: tf.Tensor) -> dict[str, tf.Tensor]:
        pixels = tf.cast(canonical_batch(image, FACTS.canonical), tf.float32) / 255.0
        means = tf.reduce_mean(tf.nn.relu(tf.nn.conv2d(pixels, self.kernel, 1, "SAME")), axis=[1, 2])
        return named_outputs(tf.nn.softmax(3 * tf.matmul(means, self.dense)), CLASSES)


def save(folder: Path, seed: int) -> Path:
    """Write an export."""
    model = SmallNetwork(seed)
    tf.saved_model.save(model, str(folder), signatures={"predict_image": model.predict_image})
    write_facts(FACTS, folder)
    return folder


def push_versions(folder: Path, count: int = 2) -> Path:
    """Push versions of different weights and return the serving folder."""
    serving = folder / "serving" / "demo"
    for seed in range(count):
        push(save(folder / f"export-{seed}", seed), serving, provenance=Provenance("run", 1, {}), check=lambda _: None)
    return serving
