"""Run the whole graph on this machine: node after node, stop at a refusal, always report."""

import logging
import secrets
from datetime import UTC, datetime

from components.infra_validator import standby
from components.infra_validator.settings import InfraSettings
from pipeline import root, run_record
from pipeline.beam_arguments import beam_arguments
from pipeline.compiled_graph import compiled_graph
from pipeline.config import Config
from pipeline.display import Display
from pipeline.failure import note_failure
from pipeline.metadata_store import connection_of, remember
from pipeline.node_ids import INFRA_VALIDATOR, NODES, REPORT, TRAINER
from pipeline.node_launch import CompiledRun
from pipeline.node_runner import NodeRunner
from pipeline.path_mask import PathMask
from pipeline.reporting import keep_quarantine, write_report
from pipeline.root import Root
from pipeline.run_inputs import prepare_inputs
from pipeline.run_result import RunResult
from pipeline.run_verdict import conclude
from pipeline.verdict import Verdict


def run(config: Config, state: Root, display: Display) -> RunResult:
    """Run a configuration below a prepared, locked root.

    Raises:
        ConfigError: when the data can't be found or read.
        KeyboardInterrupt: when interrupted; the next run of the same configuration continues.
    """
    inputs = prepare_inputs(config, state, display.say, lambda: display.counted("index"))
    remember(config, state)
    compiled = CompiledRun(compiled_graph(config, state, inputs), connection_of(config, state), beam_arguments(config.beam))
    run_id = root.unfinished_run(state, compiled.digest)
    if run_id:
        display.say(f"continuing the unfinished run {run_id}")
    result = RunResult(run_id or new_run_id(), digests={"graph": compiled.digest, "manifest": inputs.manifest_sha256})
    root.begin(state, result.run_id, compiled.digest)
    compiled.bind(result.run_id)
    LocalRunner(compiled, state, config=config, display=display, result=result).run()
    # After a failure, a full disk say, the next run continues from its checkpoint; nodes of a cluster's run may have to.
    if result.verdict is not Verdict.FAILED and not run_record.open_runs(state):
        root.sweep(state)
    root.end(state)
    return result


def new_run_id() -> str:
    """Return a run id that sorts by time: '20260102T030405-1a2b'."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(2)}"


class LocalRunner:
    """Runs all nodes of one run and fills in its result."""

    def __init__(self, compiled: CompiledRun, state: Root, *, config: Config, display: Display, result: RunResult) -> None:
        """Take a graph that is bound to the run id of `result`, and its configuration."""
        serving_dir = state.serving(config.serving_name)
        self._runner = NodeRunner(compiled, state, serving_dir=serving_dir, display=display, result=result)
        self._mask = PathMask(config, state.path)
        self._infra = InfraSettings.model_validate_json(compiled.parameter(INFRA_VALIDATOR, "settings"))
        self._state = state
        self._display = display
        self._result = result

    def run(self) -> None:
        """Launch the nodes until one refuses or fails, then report; an error becomes the result's `failure`.

        Raises:
            KeyboardInterrupt: when interrupted, also where a library made another error of it.
        """
        try:
            self._run_nodes()
        except Exception as error:  # whatever a node raised: the run ends with a report and an exit code
            note_failure(error, self._result, self._mask, self._state)
        finally:
            standby.dismiss()
        try:
            write_report(self._runner, self._state)
        except Exception:  # a report that fails does not change the verdict
            logging.exception("report failed")
            self._display.say("the report could not be written; the log has the details")
        try:
            keep_quarantine(self._result, self._state)
        except Exception:  # nor does a ledger
            logging.exception("quarantine ledger failed")
            self._display.say("the quarantine ledger could not be written; the log has the details")

    def _run_nodes(self) -> None:
        for node in NODES:
            if node == REPORT:
                continue
            if not self._runner.run(node):
                return
            if node == TRAINER and not self._result.outcomes[node].cached:
                standby.start(self._infra)  # a new model will be validated if the gates accept it
        note = conclude(self._result, self._runner.serving_dir)
        if note:
            self._display.say(note)
