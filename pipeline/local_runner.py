"""Run the whole graph on this machine: node after node, stop at a refusal, always report."""

import json
import logging
import os
import platform
import secrets
import time
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from tfx.utils import path_utils

from components import blessing
from components.image_example_gen.account import read_rows
from components.infra_validator import standby
from components.pusher.executor import ALREADY_SERVED, MODEL_ID, PUSHED_DESTINATION
from components.pusher.served import standing
from components.pusher.versions import Version, served, versions
from components.run_report.run_facts import RunFacts
from pipeline import graph, interruption, memory, root
from pipeline.code_digest import code_digest
from pipeline.config import Config
from pipeline.display import Display
from pipeline.errors import DataRefusedError, MedtfxError
from pipeline.node_launch import FAILED, CompiledRun, NodeOutcome
from pipeline.path_mask import PathMask
from pipeline.push_verdict import push_findings, push_note, push_verdict
from pipeline.quarantine_ledger import after_run, read_ledger, write_ledger
from pipeline.root import Root
from pipeline.run_inputs import prepare_inputs
from pipeline.run_result import RunResult
from pipeline.verdict import Verdict

INGEST, TRAINER, INFRA_VALIDATOR, PUSHER, REPORT = "ImageExampleGen", "Trainer", "InfraValidator", "Pusher", "RunReport"
REPORTED_LIBRARIES = ("medtfx", "tfx", "tensorflow", "keras", "apache-beam")


class NodeFailedError(MedtfxError):
    """A node ended without its outputs."""


def run(config: Config, state: Root, display: Display) -> RunResult:
    """Run a configuration below a prepared, locked root.

    Raises:
        ConfigError: when the data can't be found or read.
        KeyboardInterrupt: when interrupted; the next run of the same configuration continues.
    """
    inputs = prepare_inputs(config, state, display.say, lambda: display.counted("index"))
    digests = {node: {"code_digest": code_digest(modules)} for node, modules in graph.CODE.items()}
    compiled = CompiledRun(graph.build(config, state, inputs), digests)
    compiled.disable_cache(REPORT)
    run_id = root.unfinished_run(state, compiled.digest)
    if run_id:
        display.say(f"continuing the unfinished run {run_id}")
    result = RunResult(run_id or new_run_id(), digests={"graph": compiled.digest, "manifest": inputs.manifest_sha256})
    root.begin(state, result.run_id, compiled.digest)
    compiled.bind(result.run_id)
    LocalRunner(compiled, state, config=config, display=display, result=result).run()
    if result.verdict is not Verdict.FAILED:  # after a failure, a full disk say, the next run continues from its checkpoint
        root.sweep(state)
    root.end(state)
    return result


def new_run_id() -> str:
    """Return a run id that sorts by time: '20260102T030405-1a2b'."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(2)}"


class LocalRunner:
    """Launches the nodes of one run and fills in its result."""

    def __init__(self, compiled: CompiledRun, state: Root, *, config: Config, display: Display, result: RunResult) -> None:
        """Take a graph that is bound to the run id of `result`, and its configuration."""
        self._serving_dir = state.serving(config.serving_name)
        self._mask = PathMask(config, state.path)
        self._infra = graph.infra_settings(config, state)
        self._compiled = compiled
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
            if interruption.came():
                raise KeyboardInterrupt from error
            logging.exception("run failed")
            self._result.failure = self._mask(explain(error, self._state.path))
            if isinstance(error, DataRefusedError):
                self._result.verdict = Verdict.DATA_REFUSED
        finally:
            standby.dismiss()
        try:
            self._report()
        except Exception:  # a report that fails does not change the verdict
            logging.exception("report failed")
            self._display.say("the report could not be written; the log has the details")
        try:
            self._keep_quarantine()
        except Exception:  # nor does a ledger
            logging.exception("quarantine ledger failed")
            self._display.say("the quarantine ledger could not be written; the log has the details")

    def _run_nodes(self) -> None:
        for node in self._compiled.node_ids:
            if node == REPORT:
                continue
            if node == INFRA_VALIDATOR:
                self._ask_again_if_refused()
            if node == PUSHER:
                self._push_again_if_gone()
            outcome = self._launch(node)
            if self._refuses(outcome):
                self._display.end(node, result="refused", seconds=outcome.seconds)
                return
            self._display.end(node, result="cached" if outcome.cached else "done", seconds=outcome.seconds)
            if node == TRAINER and not outcome.cached:
                standby.start(self._infra)  # a new model will be validated if the gates accept it
        self._conclude(self._result.outcomes[PUSHER])

    def _launch(self, node: str) -> NodeOutcome:
        """Launch one node and keep its outcome.

        Raises:
            NodeFailedError: when it ended without outputs.
            Exception: whatever its executor raised.
        """
        self._display.begin(node)
        begin = time.monotonic()
        try:
            outcome = self._compiled.launch(node, self._state.artifacts)
        except Exception:
            self._result.outcomes[node] = NodeOutcome(node, FAILED, seconds=time.monotonic() - begin)
            self._display.end(node, result="failed", seconds=time.monotonic() - begin)
            raise
        self._result.outcomes[node] = outcome
        memory.release()
        if not outcome.done:
            self._display.end(node, result="failed", seconds=outcome.seconds)
            raise NodeFailedError(f"{node}: an input that it needs is missing")
        return outcome

    def _refuses(self, outcome: NodeOutcome) -> bool:
        """Tell whether a node is a gate that refused; then keep its verdict and findings."""
        key = graph.GATES.get(outcome.node)
        if key is None or blessing.is_blessed(outcome.outputs[key][0]):
            return False
        verdict, self._result.findings = blessing.read(outcome.outputs[key][0].uri)
        self._result.verdict = Verdict(verdict)
        return True

    def _conclude(self, push: NodeOutcome) -> None:
        """Take the verdict and the version from Pusher's outcome and from what the serving folder holds.

        Raises:
            NodeFailedError: when the version is gone again.
        """
        pushed = push.outputs["pushed_model"][0]
        version = self._standing()
        if version is None:
            raise NodeFailedError("the pushed version is gone from the serving folder, or damaged; run again to push it again")
        before = push.cached or pushed.get_int_custom_property(ALREADY_SERVED) == 1
        self._result.verdict = push_verdict(version, before=before)
        self._result.findings = push_findings(version)
        self._result.version = str(version.number)
        self._result.pushed_to = None if self._result.verdict is Verdict.WITHDRAWN else version.folder
        now = served(versions(self._serving_dir))
        note = push_note(version, now.number if now else None)
        if note:
            self._display.say(note)

    def _standing(self) -> Version | None:
        """Return what this run's model is in the serving folder."""
        model = self._result.outcomes[TRAINER].outputs["model"][0]
        return standing(Path(path_utils.serving_model_path(model.uri)), self._serving_dir)

    def _push_again_if_gone(self) -> None:
        """Make Pusher run when an earlier push of the same model is no longer in the serving folder, unless it was taken back."""
        model = self._result.outcomes[TRAINER].outputs["model"][0]
        pushes = [artifact.custom_properties for artifact in self._compiled.artifacts_of_type("PushedModel")]
        below = f"serving/{self._serving_dir.name}/"
        ours = [push[PUSHED_DESTINATION].string_value for push in pushes if push[MODEL_ID].int_value == model.id]
        ours = [destination for destination in ours if destination.startswith(below)]
        if ours and self._standing() is None:
            self._display.say(f"{ours[-1]} is gone from the serving folder, or damaged: pushing again")
            self._compiled.disable_cache(PUSHER)

    def _ask_again_if_refused(self) -> None:
        """Make InfraValidator run when it refused this model before: a busy machine or a full disk is no fault of the model's."""
        model = self._result.outcomes[TRAINER].outputs["model"][0]
        words = [artifact.custom_properties for artifact in self._compiled.artifacts_of_type("InfraBlessing")]
        ours = [word[blessing.BLESSED].int_value for word in words if word[MODEL_ID].int_value == model.id]
        if ours and not ours[-1]:
            self._compiled.disable_cache(INFRA_VALIDATOR)

    def _keep_quarantine(self) -> None:
        """Bring the quarantine ledger up to this run's account, if its ingest has ended."""
        ingest = self._result.outcomes.get(INGEST)
        if ingest is not None and ingest.done:
            rows = read_rows(Path(ingest.outputs["account"][0].uri))
            write_ledger(self._state, after_run(read_ledger(self._state), rows, self._result.run_id))

    def _report(self) -> None:
        result = self._result
        facts = RunFacts(
            run_id=result.run_id,
            verdict=result.verdict,
            version=result.version,
            reason=result.failure,
            nodes=tuple(result.node_facts(node) for node in self._compiled.node_ids if node != REPORT),
            versions={library: version(library) for library in REPORTED_LIBRARIES},
            digests=result.digests,
            machine=machine(),
        )
        self._compiled.set_parameter(REPORT, "run_facts", facts.model_dump_json())
        outcome = self._launch(REPORT)
        self._display.end(REPORT, result="done", seconds=outcome.seconds)
        folder = Path(outcome.outputs["report"][0].uri)
        result.summary = json.loads((folder / "summary.json").read_text())
        result.report = root.keep_report(self._state, result.run_id, folder / "report.html")


def explain(error: Exception, root_path: Path) -> str:
    """Return one line for an error: our own text, the system's reason, or the kind of error and where to look.

    A file is named where it lies below the root: others may bear a patient's name.
    """
    if isinstance(error, MedtfxError):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        path = Path(os.fsdecode(error.filename)) if isinstance(error.filename, str | bytes) else Path()
        place = f"{path.relative_to(root_path)}: " if path.is_relative_to(root_path) else ""
        return f"{place}{error.strerror} (errno {error.errno}). Put that right and run again: what is done stays done."
    return f"{type(error).__name__}; the log has the details"


def machine() -> dict[str, str]:
    """Return what the run ran on, without its name."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "cores": str(os.cpu_count()),
        "python": platform.python_version(),
    }
