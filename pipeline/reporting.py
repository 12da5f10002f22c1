"""What follows a run's nodes: its report, and the quarantine ledger brought up to date."""

import hashlib
import json
import os
import platform
from importlib.metadata import version
from pathlib import Path

from components.image_example_gen.account import iterate_rows
from components.run_report.run_facts import RunFacts
from pipeline import root
from pipeline.node_ids import INGEST, NODES, REPORT
from pipeline.node_runner import NodeRunner
from pipeline.quarantine_ledger import after_run, read_ledger, write_ledger
from pipeline.root import Root
from pipeline.run_result import RunResult

REPORTED_LIBRARIES = ("medtfx", "tfx", "tensorflow", "keras", "apache-beam")


def write_report(runner: NodeRunner, state: Root) -> None:
    """Launch RunReport with what is known of the run; keep its page below reports/ and its summary in the result.

    A run that went on after its report, as a cluster retries nodes, gets a new one: the facts are a context of the execution.

    Raises:
        Exception: whatever the node raised.
    """
    result = runner.result
    facts = run_facts(result).model_dump_json()
    runner.compiled.clear_half_done(REPORT, state.artifacts)  # before it is joined to facts that a killed try did not have
    runner.compiled.set_parameter(REPORT, "run_facts", facts)
    runner.compiled.add_context(REPORT, "run_facts", f"{result.run_id}.{hashlib.sha256(facts.encode()).hexdigest()}")
    runner.run(REPORT)
    folder = Path(result.outcomes[REPORT].outputs["report"][0].uri)
    result.summary = json.loads((folder / "summary.json").read_text())
    result.report = root.keep_report(state, result.run_id, folder / "report.html")


def run_facts(result: RunResult) -> RunFacts:
    """Return what the report tells of a run and no artifact holds."""
    return RunFacts(
        run_id=result.run_id,
        verdict=result.verdict,
        version=result.version,
        reason=result.failure,
        nodes=tuple(result.node_facts(node) for node in NODES if node != REPORT),
        versions={library: version(library) for library in REPORTED_LIBRARIES},
        digests=result.digests,
        machine=machine(),
    )


def machine() -> dict[str, str]:
    """Return what the run ran on, without its name."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "cores": str(os.cpu_count()),
        "python": platform.python_version(),
    }


def keep_quarantine(result: RunResult, state: Root) -> None:
    """Bring the quarantine ledger up to this run's account, if its ingest has ended."""
    ingest = result.outcomes.get(INGEST)
    if ingest is not None and ingest.done:
        rows = iterate_rows(Path(ingest.outputs["account"][0].uri))
        write_ledger(state, after_run(read_ledger(state), rows, result.run_id))
