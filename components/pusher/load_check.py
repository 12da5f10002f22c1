"""Loads an export the way TF Serving does, in a TF1 session, and has it answer its warm-up requests.

tf.saved_model.load hides what this finds: variables that the graph has and the session loader does not fill.
"""

from pathlib import Path

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf.meta_graph_pb2 import SignatureDef
from tensorflow_serving.apis.predict_pb2 import PredictRequest

from models.warm_up import FILE, read_warm_up
from pipeline.errors import MedtfxError

REQUIRED_SIGNATURES = frozenset({"serving_default", "predict_image"})
PROBABILITIES = "probabilities"


class UnloadableModelError(MedtfxError):
    """An export is not what a server could run."""


def check_loads(export: Path) -> None:
    """Load an export in a TF1 session, see that every variable has its value, and that every warm-up request is answered.

    Raises:
        UnloadableModelError: it does not load, lacks a signature or warm-up requests, leaves variables empty or does not answer.
    """
    with tf.Graph().as_default() as graph, tf.compat.v1.Session(graph=graph, config=_unoptimised()) as session:
        try:
            loaded = tf.compat.v1.saved_model.loader.load(session, [tf.saved_model.SERVING], str(export))
            empty = _empty_variables(graph, session)
        except (OSError, ValueError, RuntimeError, tf.errors.OpError) as error:
            raise UnloadableModelError(f"the export does not load in a TF1 session: {_first_line(error)}") from error
        missing = REQUIRED_SIGNATURES - set(loaded.signature_def)
        if missing:
            raise UnloadableModelError(f"the export has no signature {', '.join(sorted(missing))}")
        if empty:
            raise UnloadableModelError(f"the session loader leaves {len(empty)} variables without value, such as {empty[0]!r}")
        for number, request in enumerate(_requests(export), start=1):
            _ask(session, dict(loaded.signature_def), request, number)


def _unoptimised() -> tf.compat.v1.ConfigProto:
    """Return settings that leave the graph as it is: to rewrite it for a few requests takes longer than to answer them."""
    config = tf.compat.v1.ConfigProto()
    config.graph_options.rewrite_options.disable_meta_optimizer = True
    return config


def _empty_variables(graph: tf.Graph, session: tf.compat.v1.Session) -> list[str]:
    """Return the names of variables that were not restored."""
    handles = [operation for operation in graph.get_operations() if operation.type == "VarHandleOp"]
    filled = session.run([tf.raw_ops.VarIsInitializedOp(resource=handle.outputs[0]) for handle in handles])
    return [handle.name for handle, is_filled in zip(handles, filled, strict=True) if not is_filled]


def _requests(export: Path) -> list[PredictRequest]:
    """Return the warm-up requests of an export.

    Raises:
        UnloadableModelError: there are none, or they can't be read.
    """
    try:
        requests = list(read_warm_up(export))
    except (ValueError, tf.errors.OpError) as error:
        raise UnloadableModelError(f"{FILE} can't be read; train again to have the export write it") from error
    if not requests:
        raise UnloadableModelError(f"{FILE} holds no request; train again to have the export write some")
    return requests


def _ask(session: tf.compat.v1.Session, signatures: dict[str, SignatureDef], request: PredictRequest, number: int) -> None:
    """Have one warm-up request answered.

    Raises:
        UnloadableModelError: the signature is absent, the answer is an error or lacks probabilities, or figures are no numbers.
    """
    name = request.model_spec.signature_name
    try:
        signature = signatures[name]
        given = {signature.inputs[key].name: tf.make_ndarray(value) for key, value in request.inputs.items()}
        outputs = session.run({key: output.name for key, output in signature.outputs.items()}, given)
    except (KeyError, TypeError, ValueError, tf.errors.OpError) as error:  # TypeError: an input that the signature lacks
        raise UnloadableModelError(f"warm-up request {number} ({name}) gets no answer: {_first_line(error)}") from error
    if PROBABILITIES not in outputs:
        raise UnloadableModelError(f"warm-up request {number} ({name}) is answered without {PROBABILITIES}")
    if not all(np.isfinite(values).all() for values in outputs.values() if values.dtype.kind == "f"):
        raise UnloadableModelError(f"warm-up request {number} ({name}) is answered with figures that are no numbers")


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
