"""The model that is served: from image bytes or serialised examples to probabilities, class names and a decision.

The signatures close over the network, and the saved object holds its variables only. A SavedModel that holds a Keras 3 model
itself loads in Python and fails in TF Serving, whose loader runs TF1 sessions: "Could not find variable ...".
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from models import features
from models.canonical_image import CanonicalSpec, canonical_pixels
from models.explanation import explainer
from models.model_facts import ModelFacts, write_facts
from models.normalisation import normalise
from models.transform_graph import TransformGraph
from models.warm_up import warm_up_requests, write_warm_up

EXAMPLES = "examples"
PIXELS = "pixels"
PROBABILITIES = "probabilities"
CLASSES = "classes"
DECISION = "decision"
HEAT_MAP = "heat_map"
SERVING_DEFAULT = "serving_default"
PREDICT_IMAGE = "predict_image"
EXPLAIN_IMAGE = "explain_image"
TRANSFORM_FEATURES = "transform_features"
CANONICAL_IMAGE = "canonical_image"

Outputs = dict[str, tf.Tensor]


@dataclass(frozen=True)
class Served:
    """What a served model is made of.

    Args:
        model: normalised images -> probabilities.
        transform_graph: moments of the pixels, label ids.
        facts: canonical image, classes, precision.
    """

    model: keras.Model
    transform_graph: TransformGraph
    facts: ModelFacts


def save(served: Served, directory: Path) -> None:
    """Write a SavedModel with its facts, warm-up requests and five signatures; each takes string [batch].

    serving_default: serialised examples -> probabilities float32 [batch, classes], classes string [batch, classes],
        decision string [batch].
    predict_image: PNG or JPEG bytes of any size -> the same.
    explain_image: PNG or JPEG bytes -> the same, and heat_map float32 [batch, size, size] in 0..1 of the decided class.
    canonical_image: PNG or JPEG bytes -> pixels uint8 [batch, size, size, channels].
    transform_features: serialised examples -> label_id int64 [batch], for evaluation.
    """
    module = tf.Module()
    module.weights = [variable.value for variable in served.model.variables]
    module.transform_graph = served.transform_graph.trackable
    tf.saved_model.save(module, str(directory), signatures=_signatures(served))
    write_facts(served.facts, directory)
    write_warm_up(warm_up_requests(served.facts.canonical), directory)


def _signatures(served: Served) -> dict[str, tf.types.experimental.ConcreteFunction]:
    """Return the signatures; what several of them do is a function of the graph that they call: traced, saved and loaded once."""
    decode = _traced(features.IMAGE, partial(canonical_batch, canonical=served.facts.canonical))
    predict = _traced(features.IMAGE, _predictor(served, decode))
    label_ids = served.transform_graph.label_ids
    return {
        SERVING_DEFAULT: _traced(EXAMPLES, lambda examples: predict(image_bytes(examples))),
        PREDICT_IMAGE: predict,
        EXPLAIN_IMAGE: _traced(features.IMAGE, _explainer(served, decode)),
        CANONICAL_IMAGE: _traced(features.IMAGE, lambda image: {PIXELS: decode(image)}),
        TRANSFORM_FEATURES: _traced(EXAMPLES, lambda examples: {features.LABEL_ID: label_ids(examples)}),
    }


def _predictor(served: Served, decode: Callable[[tf.Tensor], tf.Tensor]) -> Callable[[tf.Tensor], Outputs]:
    moments = served.transform_graph.pixel_moments()

    def predict(image: tf.Tensor) -> Outputs:
        probabilities = served.model(normalise(decode(image), moments), training=False)
        return named_outputs(probabilities, served.facts.classes)

    return predict


def _explainer(served: Served, decode: Callable[[tf.Tensor], tf.Tensor]) -> Callable[[tf.Tensor], Outputs]:
    moments, explain = served.transform_graph.pixel_moments(), explainer(served.model)

    def explained(image: tf.Tensor) -> Outputs:
        probabilities, heat = explain(normalise(decode(image), moments))
        return {**named_outputs(probabilities, served.facts.classes), HEAT_MAP: heat}

    return explained


def named_outputs(probabilities: tf.Tensor, classes: tuple[str, ...]) -> Outputs:
    """Put class names beside probabilities; the decision is the most probable class, the first of equals."""
    names = tf.constant(classes)
    return {
        PROBABILITIES: probabilities,
        CLASSES: tf.tile(names[tf.newaxis], [tf.shape(probabilities)[0], 1]),
        DECISION: tf.gather(names, tf.argmax(probabilities, axis=1)),
    }


def canonical_batch(images: tf.Tensor, canonical: CanonicalSpec) -> tf.Tensor:
    """Decode a batch of image files, string [batch], to uint8 [batch, size, size, channels]."""
    pixels = tf.TensorSpec([canonical.size, canonical.size, canonical.channels], tf.uint8)
    return tf.map_fn(partial(canonical_pixels, spec=canonical), images, fn_output_signature=pixels)


def image_bytes(examples: tf.Tensor) -> tf.Tensor:
    """Return the image feature of serialised examples; no other feature needs to be there."""
    return tf.io.parse_example(examples, {features.IMAGE: tf.io.FixedLenFeature([], tf.string)})[features.IMAGE]


def _traced(argument: str, function: Callable[[tf.Tensor], Any]) -> tf.types.experimental.ConcreteFunction:
    signature = [tf.TensorSpec([None], tf.string, name=argument)]
    return tf.function(function, input_signature=signature, autograph=False).get_concrete_function()
