"""Run the whole graph on this machine: node after node, stop at a refusal, always report."""

import json
import logging
import secrets
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from components import blessing
from pipeline import graph, root
from pipeline.code_digest import code_digest
from pipeline.config import Config
from pipeline.display import Display
from pipeline.errors import MedtfxError
from pipeline.node_launch import CompiledRun, NodeOutcome
from pipeline.root import Root
from pipeline.run_inputs import prepare_inputs
from pipeline.verdict import Verdict

REPORT = "RunReport"
PUSHER = "Pusher"


class NodeFailedError(MedtfxError):
    """A node ended without its outputs."""


@dataclass
class Run:
    """A run and what it has come to so far."""

    run_id: str
    verdict: Verdict = Verdict.FAILED
    outcomes: dict[str, NodeOutcome] = field(default_factory=dict)
    findings: tuple[blessing.Finding, ...] = ()
    failure: str = ""
    version: str | None = None
    pushed_to: str | None = None
    report: Path | None = None
    summary: dict[str, Any] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return the run's result as plain values, for programs."""
        return {
            "verdict": self.verdict.value,
            "exit_code": self.verdict.exit_code,
            "run_id": self.run_id,
            "version": self.version,
            "pushed_to": self.pushed_to,
            "report": str(self.report) if self.report else None,
            "seconds": {node: round(seconds, 3) for node, seconds in self.seconds.items()},
            "cached": [node for node, outcome in self.outcomes.items() if outcome.cached],
            "reasons": [
                f"{item.rule}: {item.subject}: {item.found}, expected {item.expected}" for item in self.findings if item.refuses
            ],
            "failure": self.failure or None,
            "metrics": self.summary.get("metrics", {}),
        }


def run(config: Config, state: Root, display: Display) -> Run:
    """Run a configuration below a prepared, locked root.

    Raises:
        ConfigError: when the data can't be found or read.
        KeyboardInterrupt: when interrupted; the next run of the same configuration continues.
    """
    inputs = prepare_inputs(config, state, display.say)
    compiled = CompiledRun(graph.build(config, state, inputs), digests())
    run_id = root.unfinished_run(state, compiled.digest)
    if run_id:
        display.say(f"continuing the unfinished run {run_id}")
    this = Run(run_id or new_run_id())
    root.begin(state, this.run_id, compiled.digest)
    compiled.disable_cache(REPORT)
    compiled.bind(this.run_id)
    try:
        run_nodes(this, compiled, state, display)
    except (Exception, SystemExit) as error:
        logging.exception("run failed")
        this.failure = explain(error)
    write_report(this, compiled, state, display)
    root.end(state)
    return this


def digests() -> dict[str, dict[str, str]]:
    """Return the code digest of every node as its parameter."""
    return {node: {"code_digest": code_digest(modules)} for node, modules in graph.CODE.items()}


def new_run_id() -> str:
    """Return a run id that sorts by time: '20260102T030405-1a2b'."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(2)}"


def run_nodes(this: Run, compiled: CompiledRun, state: Root, display: Display) -> None:
    """Launch the nodes in order until one refuses; set the run's verdict.

    Raises:
        NodeFailedError: when a node ends without outputs.
        Exception: whatever an executor raised.
    """
    for node in compiled.node_ids:
        if node == REPORT:
            continue
        if node == PUSHER:
            push_again_if_gone(this, compiled, state, display)
        outcome = launched(this, compiled, state, display=display, node=node)
        if refused(this, node, outcome):
            display.end(node, result="refused", seconds=outcome.seconds)
            return
        display.end(node, result="cached" if outcome.cached else "done", seconds=outcome.seconds)
    pushed = this.outcomes[PUSHER]
    this.verdict = Verdict.UNCHANGED if pushed.cached else Verdict.PUSHED
    artifact = pushed.outputs["pushed_model"][0]
    this.version = artifact.get_string_custom_property("pushed_version")
    this.pushed_to = str(state.path / artifact.get_string_custom_property("pushed_destination"))


def launched(this: Run, compiled: CompiledRun, state: Root, *, display: Display, node: str) -> NodeOutcome:
    """Launch one node and keep its outcome.

    Raises:
        NodeFailedError: when it ended without outputs.
        Exception: whatever its executor raised.
    """
    display.begin(node)
    begin = time.monotonic()
    try:
        outcome = compiled.launch(node, state.artifacts)
    except Exception:
        display.end(node, result="failed", seconds=time.monotonic() - begin)
        raise
    this.outcomes[node] = outcome
    this.seconds[node] = outcome.seconds
    if not outcome.done:
        display.end(node, result="failed", seconds=outcome.seconds)
        raise NodeFailedError(f"{node}: an input that it needs is missing")
    return outcome


def refused(this: Run, node: str, outcome: NodeOutcome) -> bool:
    """Tell whether a node is a gate that refused; then keep its verdict and findings."""
    key = graph.GATES.get(node)
    if key is None or blessing.is_blessed(outcome.outputs[key][0]):
        return False
    verdict, this.findings = blessing.read(outcome.outputs[key][0].uri)
    this.verdict = Verdict(verdict)
    return True


def push_again_if_gone(this: Run, compiled: CompiledRun, state: Root, display: Display) -> None:
    """Make Pusher run when an earlier push of the same model is no longer in the serving folder."""
    model = this.outcomes["Trainer"].outputs["model"][0]
    pushes = [a.custom_properties for a in compiled.artifacts_of_type("PushedModel")]
    ours = [push["pushed_destination"].string_value for push in pushes if push["model_id"].int_value == model.id]
    if ours and not (state.path / ours[-1]).is_dir():
        display.say(f"{ours[-1]} is gone from the serving folder: pushing again")
        compiled.disable_cache(PUSHER)


def explain(error: BaseException) -> str:
    """Return one line for an error: our own text, the system's reason, or the kind of error and where to look."""
    if isinstance(error, MedtfxError):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror} (errno {error.errno})"
    return f"{type(error).__name__}; the run's log has the details"


def write_report(this: Run, compiled: CompiledRun, state: Root, display: Display) -> None:
    """Launch RunReport with the facts of this run; a report that fails does not change the verdict."""
    facts = {"run_id": this.run_id, "verdict": this.verdict.value, "failure": this.failure, "seconds": this.seconds}
    compiled.set_parameter(REPORT, "run_facts", json.dumps(facts))
    try:
        outcome = launched(this, compiled, state, display=display, node=REPORT)
    except Exception:
        logging.exception("report failed")
        return
    display.end(REPORT, result="done", seconds=outcome.seconds)
    folder = Path(outcome.outputs["report"][0].uri)
    this.summary = json.loads((folder / "summary.json").read_text())
    this.report = root.keep_report(state, this.run_id, folder / "report.html")
