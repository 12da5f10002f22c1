"""Batch normalisation as a product and a sum, which TensorFlow folds into the convolution before it.

TensorFlow's one kernel for all of it (FusedBatchNormV3) goes together with a convolution in float32, not in bfloat16.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable
from typing import Any

import tensorflow as tf

FUSED, CALL = "FusedBatchNormV3", "PartitionedCall"
IN_GRAPH, IN_FUNCTION = ("", "0"), ("y:0",)  # how an input names the first output after the node
DEFAULT_EPSILON = 1e-4  # of the operation; a SavedModel leaves out what equals its default
VECTOR = tf.TensorSpec([None], tf.float32)
ARGUMENTS = (tf.TensorSpec(None, tf.float32), *[VECTOR] * 4)  # images, scale, offset, mean, variance


def open_normalisation(graph: Any, ends: Iterable[str]) -> None:
    """Put calls of a function of plain operations in the place of a graph's fused normalisations, also within its functions.

    Those that learn, are not float32, have channels elsewhere than last, or give more than normalised images stay.

    Args:
        graph: GraphDef, changed.
        ends: names of its tensors that are asked for.
    """
    functions: dict[float, Any] = {}  # by epsilon

    def plain(epsilon: float) -> Any:
        return functions.get(epsilon) or functions.setdefault(epsilon, _plain(epsilon))

    _open(graph.node, {end: end for end in ends}, IN_GRAPH, plain)
    for function in graph.library.function:
        _open(function.node_def, function.ret, IN_FUNCTION, plain)
    graph.library.function.extend(function.function_def for function in functions.values())


def _open(nodes: Collection[Any], returned: Any, first_output: Collection[str], plain: Callable[[float], Any]) -> None:
    """Open what can be of a graph or a function, which returns what is asked of it."""
    asked = _asked_outputs([*(reference for node in nodes for reference in node.input), *returned.values()])
    found = {node.name for node in nodes if _is_plain(node) and asked[node.name] <= {*first_output}}
    for node in nodes:
        if node.name in found:
            _call(node, plain(node.attr["epsilon"].f if "epsilon" in node.attr else DEFAULT_EPSILON))
        node.input[:] = [_renamed(reference, found) for reference in node.input]
    for name, reference in returned.items():
        returned[name] = _renamed(reference, found)


def _asked_outputs(references: Iterable[str]) -> defaultdict[str, set[str]]:
    """Return by node which of its outputs are asked for."""
    asked: defaultdict[str, set[str]] = defaultdict(set)
    for reference in references:
        name, _, output = reference.partition(":")
        asked[name].add(output)
    return asked


def _is_plain(node: Any) -> bool:
    """Tell whether a node normalises float32 [batch, height, width, channels] by given statistics."""
    if node.op != FUSED or node.attr["T"].type != tf.float32.as_datatype_enum:
        return False
    learns = "is_training" not in node.attr or node.attr["is_training"].b
    return not learns and ("data_format" not in node.attr or node.attr["data_format"].s == b"NHWC")


def _plain(epsilon: float) -> Any:
    """Return the function that a fused normalisation is, of plain operations; its name is to be none of the model's own."""

    def opened_batch_normalisation(images: tf.Tensor, *statistics: tf.Tensor) -> tf.Tensor:
        scale, offset, mean, variance = statistics
        factor = tf.math.rsqrt(variance + epsilon) * scale
        # Not tf.nn.batch_normalization: TensorFlow merges its sum with that of a residual block, and then fuses neither.
        return tf.nn.bias_add(images * factor, offset - mean * factor)

    return tf.function(opened_batch_normalisation, autograph=False).get_concrete_function(*ARGUMENTS)


def _call(node: Any, function: Any) -> None:
    """Make a node a call of a function of the same inputs."""
    node.op = CALL
    node.attr.clear()
    node.attr["Tin"].list.type.extend([tf.float32.as_datatype_enum] * len(ARGUMENTS))
    node.attr["Tout"].list.type.append(tf.float32.as_datatype_enum)
    node.attr["f"].func.name = function.function_def.signature.name


def _renamed(reference: str, called: Collection[str]) -> str:
    """Return how a node of a function asks for what is an output of a call now."""
    name, _, output = reference.partition(":")
    return f"{name}:output:0" if name in called and output in IN_FUNCTION else reference
