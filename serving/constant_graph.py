"""Constants in the place of a model's variables: what follows from them is computed and rounded once, not for each request."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import tensorflow as tf
from tensorflow.core.framework import op_def_pb2
from tensorflow.python.framework import convert_to_constants, op_def_registry
from tensorflow.python.grappler import tf_optimizer

from serving.open_normalisation import open_normalisation

READING = ("VarHandleOp", "ReadVariableOp")  # not ResourceGather, of which TensorFlow makes a graph that does not load
MOST_BYTES = 2**30  # of variables, in each signature its own; a graph with its constants is one message of at most 2 GiB
FOLDING = ("function", "dependency", "constfold")  # of TensorFlow's optimizers: functions inlined, what only passes on left out


def with_constants(
    session: tf.compat.v1.Session, signatures: Mapping[str, Any], config: tf.compat.v1.ConfigProto
) -> tf.compat.v1.Session:
    """Return a session of the same signatures without variables, and close the given one.

    Batch normalisation becomes part of the convolution before it, here and in float32: a session that folded it after rounding to
    bfloat16 would round three times. A model that changes what it holds, looks up tables, gathers rows of a variable, or has more
    than 1 GiB of variables in all its signatures stays in the session that it is in.

    Args:
        session: a loaded model.
        signatures: SignatureDef of its inputs and outputs, by name.
        config: of the new session.
    """
    ends = sorted({name for definition in signatures.values() for name in _tensors(definition)})
    nodes = sorted({name.partition(":")[0] for name in ends})
    reached = tf.compat.v1.graph_util.extract_sub_graph(session.graph.as_graph_def(), nodes)
    if not all(map(_only_reads, _nodes(reached))) or _bytes_of_variables(reached) * _asked(signatures) > MOST_BYTES:
        return session
    constant = convert_to_constants.convert_variables_to_constants_from_session_graph(session, reached, nodes)
    session.close()
    open_normalisation(constant, ends)
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(_folded(constant, ends), name="")
    return tf.compat.v1.Session(graph=graph, config=config)


def _folded(constant: Any, ends: Iterable[str]) -> Any:
    """Return a GraphDef in which what follows from constants is computed; tensors named in `ends` stay."""
    meta_graph = tf.compat.v1.MetaGraphDef(graph_def=constant)
    meta_graph.collection_def["train_op"].node_list.value.extend(ends)  # where TensorFlow looks for what is asked of a graph
    config = tf.compat.v1.ConfigProto()
    config.graph_options.rewrite_options.optimizers.extend(FOLDING)
    config.graph_options.rewrite_options.min_graph_nodes = -1  # however small
    return tf_optimizer.OptimizeGraph(config, meta_graph, verbose=False)


def _asked(signatures: Mapping[str, Any]) -> int:
    """Return how many signatures take something; what initialises a model is one that does not."""
    return sum(bool(definition.inputs) for definition in signatures.values())


def _tensors(definition: Any) -> list[str]:
    return [info.name for info in (*definition.inputs.values(), *definition.outputs.values()) if info.name]


def _nodes(graph: Any) -> Iterator[Any]:
    """Yield the nodes of a graph and of all functions that they call, directly or not."""
    functions = {function.signature.name: function.node_def for function in graph.library.function}
    waiting: list[Iterable[Any]] = [graph.node]
    while waiting:
        for node in waiting.pop():
            yield node
            called = [name for value in node.attr.values() for name in (value.func.name, *(f.name for f in value.list.func))]
            waiting += [functions.pop(name) for name in [node.op, *called] if name in functions]


def _only_reads(node: Any) -> bool:
    """Tell whether a node does without a resource (a variable, a table, a queue), or reads a variable as a whole."""
    definition = op_def_registry.get(node.op) or op_def_pb2.OpDef()  # a function's nodes are looked at themselves
    arguments = [*definition.input_arg, *definition.output_arg]
    return node.op in READING or not any(argument.is_ref or argument.type == tf.resource for argument in arguments)


def _bytes_of_variables(graph: Any) -> int:
    variables = [node.attr for node in graph.node if node.op == "VarHandleOp"]
    return sum(
        tf.dtypes.as_dtype(v["dtype"].type).size * (tf.TensorShape(v["shape"].shape).num_elements() or 0) for v in variables
    )
