"""The graph of a configuration, compiled, with the digests of the code that its nodes run."""

from tfx.proto.orchestration import pipeline_pb2

from pipeline import graph
from pipeline.code_digest import code_digest
from pipeline.config import Config
from pipeline.node_ids import REPORT
from pipeline.node_launch import compile_graph
from pipeline.root import Root


def compiled_graph(config: Config, state: Root, inputs: graph.Inputs) -> pipeline_pb2.Pipeline:
    """Return the graph in TFX's intermediate representation, without a run id; the report is never taken from the cache."""
    digests = {node: {"code_digest": code_digest(modules)} for node, modules in graph.CODE.items()}
    representation = compile_graph(graph.build(config, state, inputs), digests)
    for node in representation.nodes:
        if node.pipeline_node.node_info.id == REPORT:
            node.pipeline_node.execution_options.caching_options.enable_cache = False
    return representation
