"""Launch one node of a compiled graph, through TFX's portable launcher, and read what nodes left in ML Metadata."""

import hashlib
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from ml_metadata.proto import metadata_store_pb2
from tfx.dsl.compiler import constants
from tfx.orchestration import metadata
from tfx.orchestration.local import runner_utils
from tfx.orchestration.pipeline import Pipeline
from tfx.orchestration.portable import launcher, runtime_parameter_utils
from tfx.orchestration.portable.mlmd import execution_lib
from tfx.proto.orchestration import pipeline_pb2
from tfx.types import Artifact

from pipeline.beam_arguments import IN_PROCESS
from pipeline.beam_operator import operators
from pipeline.metadata_access import PatientMetadata, patiently

T = TypeVar("T")
CACHED = metadata_store_pb2.Execution.CACHED
COMPLETE = metadata_store_pb2.Execution.COMPLETE
FAILED = metadata_store_pb2.Execution.FAILED


@dataclass(frozen=True)
class NodeOutcome:
    """What a node left in ML Metadata.

    Args:
        node: the node's id.
        state: an execution state of ML Metadata, None when it was skipped.
        outputs: artifacts by output key.
        seconds: wall time of the launch.
    """

    node: str
    state: int | None
    outputs: Mapping[str, list[Artifact]] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def cached(self) -> bool:
        """Tell whether an earlier result was used."""
        return self.state == CACHED

    @property
    def done(self) -> bool:
        """Tell whether the outputs are complete."""
        return self.state in (CACHED, COMPLETE)


def compile_graph(pipeline: Pipeline, parameters: Mapping[str, Mapping[str, str]]) -> pipeline_pb2.Pipeline:
    """Return a pipeline in TFX's intermediate representation.

    Args:
        pipeline: the graph.
        parameters: further parameters by node id; they are part of the node's cache key.
    """
    from tfx.dsl.compiler import compiler  # noqa: PLC0415 - a node whose graph is compiled already needs none

    representation: pipeline_pb2.Pipeline = compiler.Compiler().compile(pipeline)
    for node in representation.nodes:
        for name, value in parameters.get(node.pipeline_node.node_info.id, {}).items():
            node.pipeline_node.parameters.parameters[name].field_value.string_value = value
    return representation


class CompiledRun:
    """A graph in TFX's intermediate representation, and the ML Metadata that its nodes are launched against."""

    def __init__(
        self,
        representation: pipeline_pb2.Pipeline,
        connection: metadata_store_pb2.ConnectionConfig,
        beam_arguments: Sequence[str] = IN_PROCESS,
    ) -> None:
        """Take a compiled graph, and what is no part of it: how ML Metadata, which may have a password, and Beam are reached."""
        self.representation = representation
        self._deployment = runner_utils.extract_local_deployment_config(representation)
        self._connection = connection
        self._operators = operators(beam_arguments)

    @property
    def digest(self) -> str:
        """SHA-256 of the nodes with all their parameters, without the run id; equal in every process.

        The whole message would not do: it holds a packed one whose map entries come in any order.
        """
        digest = hashlib.sha256(self.representation.pipeline_info.SerializeToString(deterministic=True))
        for node in self._nodes():
            digest.update(node.SerializeToString(deterministic=True))
        return digest.hexdigest()

    def _nodes(self) -> list[pipeline_pb2.PipelineNode]:
        return [node.pipeline_node for node in self.representation.nodes]

    @property
    def node_ids(self) -> list[str]:
        """Ids in topological order."""
        return [node.node_info.id for node in self._nodes()]

    def node(self, node_id: str) -> pipeline_pb2.PipelineNode:
        """Return a node by its id."""
        return next(node for node in self._nodes() if node.node_info.id == node_id)

    def parameter(self, node_id: str, name: str) -> str:
        """Return a parameter of a node."""
        value: str = self.node(node_id).parameters.parameters[name].field_value.string_value
        return value

    def node_digest(self, node_id: str) -> str:
        """SHA-256 of a node with its parameters, equal for every run that gives it the same ones; inputs are not among them."""
        parameters = self.node(node_id).parameters.SerializeToString(deterministic=True)
        return hashlib.sha256(node_id.encode() + parameters).hexdigest()

    def set_parameter(self, node_id: str, name: str, value: str) -> None:
        """Set a parameter that is known only while the run goes on."""
        self.node(node_id).parameters.parameters[name].field_value.string_value = value

    def disable_cache(self, node_id: str) -> None:
        """Make a node run even when an earlier result fits."""
        self.node(node_id).execution_options.caching_options.enable_cache = False

    def add_context(self, node_id: str, kind: str, name: str) -> None:
        """Join a node to a further context: TFX launches what has succeeded in all of its contexts never again."""
        context = self.node(node_id).contexts.contexts.add()
        context.type.name, context.name.field_value.string_value = kind, name

    def bind(self, run_id: str) -> None:
        """Fill in the run id; to be called once, before the first launch."""
        runtime_parameter_utils.substitute_runtime_parameter(
            self.representation, {constants.PIPELINE_RUN_ID_PARAMETER_NAME: run_id}
        )

    def launch(self, node_id: str, artifacts: Path) -> NodeOutcome:
        """Launch one node and return its outcome.

        A launch that ML Metadata cut off is repeated as after a kill: a finished node stays finished, a half-done one continues.

        Args:
            node_id: the node.
            artifacts: the pipeline root, where a half-done earlier try of this run is cleared away.

        Raises:
            MetadataError: when ML Metadata can't be used.
            Exception: whatever the executor raised; ML Metadata then says FAILED.
        """
        begin = time.monotonic()
        patiently(lambda: self._launch(self.node(node_id), artifacts), self._connection)
        return replace(self.outcome(node_id), seconds=time.monotonic() - begin)

    def _launch(self, node: pipeline_pb2.PipelineNode, artifacts: Path) -> None:
        self.clear_half_done(node.node_info.id, artifacts)
        launcher.Launcher(
            pipeline_node=node,
            mlmd_connection=PatientMetadata(self._connection),
            pipeline_info=self.representation.pipeline_info,
            pipeline_runtime_spec=self.representation.runtime_spec,
            executor_spec=runner_utils.extract_executor_spec(self._deployment, node.node_info.id),
            custom_driver_spec=runner_utils.extract_custom_driver_spec(self._deployment, node.node_info.id),
            custom_executor_operators=self._operators,
        ).launch()

    def outcome(self, node_id: str) -> NodeOutcome:
        """Return what a node left in this run, whichever process launched it; the seconds are those of its execution."""
        return self._read(lambda handle: outcome_of(handle, self.node(node_id)))

    def outcomes(self) -> dict[str, NodeOutcome]:
        """Return what the nodes left that have begun in this run, in the order of launch."""
        found = self._read(lambda handle: [outcome_of(handle, node) for node in self._nodes()])
        return {outcome.node: outcome for outcome in found if outcome.state is not None}

    def _read(self, read: Callable[[metadata.Metadata], T]) -> T:
        def once() -> T:
            with PatientMetadata(self._connection) as handle:
                return read(handle)

        return patiently(once, self._connection)

    def upstream(self, node_id: str) -> list[str]:
        """Return the nodes whose outputs, or whose end, a node waits for."""
        return list(self.node(node_id).upstream_nodes)

    def artifacts_of_type(self, type_name: str) -> list[metadata_store_pb2.Artifact]:
        """Return every artifact of a type that ML Metadata knows, oldest first."""
        found = self._read(lambda handle: handle.store.get_artifacts_by_type(type_name))
        return sorted(found, key=lambda artifact: artifact.id)

    def clear_half_done(self, node_id: str, artifacts: Path) -> None:
        """Remove what killed tries of a node left in this run: TFX gives the next try the same folders, or none looks at them."""
        folder = artifacts / node_id
        for execution in self._read(lambda handle: executions_of(handle, self.node(node_id))):
            if execution_lib.is_execution_active(execution):
                for leftover in (*folder.glob(f"*/{execution.id}"), *folder.glob(f".system/*/{execution.id}")):
                    shutil.rmtree(leftover)


def outcome_of(handle: metadata.Metadata, node: pipeline_pb2.PipelineNode) -> NodeOutcome:
    """Return what a node left in the run that it is bound to."""
    execution = execution_of(handle, node)
    if execution is None:
        return NodeOutcome(node.node_info.id, None)
    outputs = execution_lib.get_output_artifacts(handle, execution.id)
    milliseconds = execution.last_update_time_since_epoch - execution.create_time_since_epoch
    return NodeOutcome(node.node_info.id, execution.last_known_state, outputs, milliseconds / 1000)


def execution_of(handle: metadata.Metadata, node: pipeline_pb2.PipelineNode) -> metadata_store_pb2.Execution | None:
    """Return the newest execution of a node in this run, None if there is none."""
    return max(executions_of(handle, node), key=lambda execution: execution.id, default=None)


def executions_of(handle: metadata.Metadata, node: pipeline_pb2.PipelineNode) -> list[metadata_store_pb2.Execution]:
    """Return the executions of a node in this run, in all contexts that it is joined to."""
    contexts = [
        handle.store.get_context_by_type_and_name(context.type.name, context.name.field_value.string_value)
        for context in node.contexts.contexts
    ]
    if any(context is None for context in contexts):
        return []
    found: list[metadata_store_pb2.Execution] = execution_lib.get_executions_associated_with_all_contexts(handle, contexts)
    return found
