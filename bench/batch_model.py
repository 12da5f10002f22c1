"""An export of the zoo's network with fresh weights, pushed: what a prediction costs does not depend on training."""

from pathlib import Path

import tensorflow as tf

from bench.images import CLASSES
from components.pusher.manifest import Provenance
from components.pusher.push import push
from models import zoo
from models.canonical_image import CanonicalSpec
from models.export import PREDICT_IMAGE, canonical_batch, named_outputs
from models.features import IMAGE
from models.model_facts import ModelFacts, write_facts


def push_untrained(folder: Path, size: int) -> Path:
    """Export compact_resnet with the one signature that a batch asks, push it, and return the version folder."""
    facts = ModelFacts(CanonicalSpec(size), CLASSES, "float32")
    network = zoo.build("compact_resnet", (size, size, 3), len(CLASSES))
    module = tf.Module()
    module.weights = [variable.value for variable in network.variables]

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name=IMAGE)], autograph=False)
    def predict(image: tf.Tensor) -> dict[str, tf.Tensor]:
        pixels = tf.cast(canonical_batch(image, facts.canonical), tf.float32) / 255.0
        return named_outputs(network(pixels, training=False), CLASSES)

    export, serving = folder / "export", folder / "serving" / "bench"
    tf.saved_model.save(module, str(export), signatures={PREDICT_IMAGE: predict})
    write_facts(facts, export)
    return serving / str(push(export, serving, provenance=Provenance("bench", 1, {}), check=lambda _: None))
