"""One node of a run: what it needs of the run's earlier nodes it reads from ML Metadata and the run's record."""

import hashlib
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from tfx.proto.orchestration import executable_spec_pb2, pipeline_pb2  # noqa: F401 - the graph holds messages of the former

import components.artifacts  # noqa: F401 - TFX finds the types of our artifacts among the classes that are loaded
from pipeline import node_lock
from pipeline.beam_arguments import beam_arguments
from pipeline.config import Config
from pipeline.display import Display
from pipeline.errors import MedtfxError
from pipeline.failure import note_failure
from pipeline.metadata_store import connection_of, remember
from pipeline.node_ids import INGEST, PUSHER, REPORT
from pipeline.node_launch import CompiledRun
from pipeline.node_runner import NodeRunner
from pipeline.path_mask import PathMask
from pipeline.reporting import keep_quarantine, write_report
from pipeline.root import Root
from pipeline.run_record import Failure, RunRecord
from pipeline.run_result import RunResult
from pipeline.run_state import add_report, judge, result_so_far
from pipeline.run_verdict import NodeFailedError, conclude, refusal
from pipeline.verdict import Verdict


@dataclass(frozen=True)
class SingleNode:
    """Launches one node of a run, and notes in the run's record how that went."""

    config: Config
    state: Root
    record: RunRecord
    display: Display

    def run(self, node: str) -> Verdict | None:
        """Launch a node other than the report; return the verdict of a refusal, its own or an earlier one, None to go on.

        Raises:
            ConfigError: when the run was begun with another configuration; its record stays as it is.
            MedtfxError: when the node can't run yet, or failed.
            KeyboardInterrupt: when interrupted.
        """
        self.record.begin(self._config_digest())
        try:
            verdict = self._run(node)
        except Exception as error:  # whatever the node raised: the report tells its reason
            return self._failed(node, error)
        self.record.forget_failure(node)
        return verdict

    def report(self) -> RunResult:
        """Launch the report and return the run's result; it works whatever became of the other nodes.

        Raises:
            ConfigError: when the run was begun with another configuration; its record stays as it is.
            MedtfxError: when the report could not be written.
            KeyboardInterrupt: when interrupted.
        """
        self.record.begin(self._config_digest())
        try:
            return self._report()
        except Exception as error:
            self._failed(REPORT, error)
            raise

    def outcome(self) -> RunResult:
        """Return what the run has come to so far, and its report; nothing is launched."""
        runner = self._runner(self._compiled(REPORT))
        if note := judge(runner.result, self.record, runner.serving_dir):
            self.display.say(note)
        add_report(runner.result, self.state)
        return runner.result

    def _failed(self, node: str, error: Exception) -> Verdict:
        told = RunResult(self.record.folder.name)
        note_failure(error, told, PathMask(self.config, self.state.path), self.state)
        self.record.note_failure(node, Failure(told.verdict, told.failure))
        if told.verdict is Verdict.FAILED:
            raise error if isinstance(error, MedtfxError) else NodeFailedError(f"{node}: {told.failure}") from error
        self.display.say(f"{node}: {told.failure}")
        return told.verdict

    def _run(self, node: str) -> Verdict | None:
        compiled = self._compiled(node)
        with self._work(compiled, node):
            runner = self._runner(compiled)
            result = runner.result
            earlier = next((word for word in map(refusal, result.outcomes.values()) if word), None)
            if earlier is not None:
                self.display.say(f"{node}: not run: {earlier[0].value}")
                return earlier[0]
            self._require_upstream(runner, node)
            if not runner.run(node):
                return result.verdict
            if node != PUSHER:
                return None
            if note := conclude(result, runner.serving_dir):
                self.display.say(note)
            return result.verdict

    def _report(self) -> RunResult:
        compiled = self._compiled(REPORT)
        with self._work(compiled, REPORT):
            runner = self._runner(compiled)
            judge(runner.result, self.record, runner.serving_dir)
            write_report(runner, self.state)
            keep_quarantine(runner.result, self.state)
        return runner.result

    def _config_digest(self) -> str:
        return hashlib.sha256(self.config.identity_json().encode()).hexdigest()

    def _compiled(self, node: str) -> CompiledRun:
        """Return the run's graph: the first node prepares the data and compiles it, the others read what it wrote.

        Raises:
            MedtfxError: when the first node has not got so far.
        """
        content = self.record.graph
        if content is not None:
            representation = pipeline_pb2.Pipeline.FromString(content)
        elif node == INGEST:
            representation = self._prepared()
        elif node == REPORT:
            representation = self._unprepared()
        else:
            raise MedtfxError(f"{node}: {INGEST} of run {self.record.folder.name} has not begun below this root; it comes first")
        return CompiledRun(representation, connection_of(self.config, self.state), beam_arguments(self.config.beam))

    def _prepared(self) -> pipeline_pb2.Pipeline:
        from pipeline.compiled_graph import compiled_graph  # noqa: PLC0415 - every component loads here
        from pipeline.run_inputs import prepare_inputs  # noqa: PLC0415

        with node_lock.held(self.state.locks, "preparation", self.display.say):
            content = self.record.graph
            if content is not None:  # by the same node, started twice
                return pipeline_pb2.Pipeline.FromString(content)
            remember(self.config, self.state)
            inputs = prepare_inputs(self.config, self.state, self.display.say)
            representation = compiled_graph(self.config, self.state, inputs)
            self.record.keep_graph(representation.SerializeToString(deterministic=True))
        return representation

    def _unprepared(self) -> pipeline_pb2.Pipeline:
        """Return the graph as far as the report needs it, of a run whose data could not be read."""
        from pipeline.compiled_graph import compiled_graph  # noqa: PLC0415
        from pipeline.graph import Inputs  # noqa: PLC0415

        nothing = Inputs(manifest_sha256="", parts=(), key_file=None, key_id="", schema_file=self.state.schema / "none")
        return compiled_graph(self.config, self.state, nothing)

    def _work(self, compiled: CompiledRun, node: str) -> AbstractContextManager[None]:
        name = f"{node}.{compiled.node_digest(node)[:16]}"
        return node_lock.held(self.state.locks, name, self.display.say)

    def _runner(self, compiled: CompiledRun) -> NodeRunner:
        result = result_so_far(compiled, self.record.folder.name)
        serving_dir: Path = self.state.serving(self.config.serving_name)
        return NodeRunner(compiled, self.state, serving_dir=serving_dir, display=self.display, result=result)

    def _require_upstream(self, runner: NodeRunner, node: str) -> None:
        """Refuse to launch before every node that this one waits for has ended: ML Metadata would keep a failure without inputs.

        Raises:
            NodeFailedError: when one has no outputs yet.
        """
        outcomes = runner.result.outcomes
        missing = [name for name in runner.compiled.upstream(node) if name not in outcomes or not outcomes[name].done]
        if missing:
            raise NodeFailedError(
                f"{node}: {', '.join(missing)} of run {runner.result.run_id} left no outputs yet; run that first"
            )
