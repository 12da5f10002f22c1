"""What a run has come to so far, read from ML Metadata and the root by a process that did not run it."""

import json
from pathlib import Path

from pipeline.errors import MedtfxError
from pipeline.node_ids import INGEST, NODES, PUSHER, REPORT
from pipeline.node_launch import CompiledRun
from pipeline.root import Root
from pipeline.run_record import RunRecord
from pipeline.run_result import RunResult
from pipeline.run_verdict import conclude, refusal
from pipeline.verdict import Verdict


def result_so_far(compiled: CompiledRun, run_id: str) -> RunResult:
    """Return the outcomes of a run's nodes; its verdict is still open."""
    manifest = compiled.parameter(INGEST, "manifest_sha256")
    result = RunResult(run_id, digests={"graph": compiled.digest, "manifest": manifest})
    compiled.bind(run_id)
    result.outcomes = compiled.outcomes()
    return result


def judge(result: RunResult, record: RunRecord, serving_dir: Path) -> str:
    """Fill in verdict, findings, version and failure; return what a user should know beside them, '' for nothing."""
    for outcome in result.outcomes.values():
        refused = refusal(outcome)
        if refused:
            result.verdict, result.findings = refused
            return ""
    for node in NODES:
        failure = record.failure(node)
        if failure is not None and node != REPORT:
            result.verdict, result.failure = failure.verdict, failure.reason
            return ""
    return _judge_push(result, serving_dir)


def _judge_push(result: RunResult, serving_dir: Path) -> str:
    unfinished = next((node for node in NODES if node not in result.outcomes or not result.outcomes[node].done), REPORT)
    if NODES.index(unfinished) <= NODES.index(PUSHER):
        begun = "was killed, or is still at work" if unfinished in result.outcomes else "has not run"
        result.verdict, result.failure = Verdict.FAILED, f"{unfinished} {begun}"
        return ""
    try:
        return conclude(result, serving_dir)
    except MedtfxError as error:
        result.verdict, result.failure = Verdict.FAILED, str(error)
        return ""


def add_report(result: RunResult, state: Root) -> None:
    """Fill in report and summary of a run that has them."""
    page = state.reports / f"{result.run_id}.html"
    outcome = result.outcomes.get(REPORT)
    if outcome is not None and outcome.done and page.exists():
        result.report = page
        result.summary = json.loads((Path(outcome.outputs["report"][0].uri) / "summary.json").read_text())
