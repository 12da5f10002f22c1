"""The last thing a run prints for people: data, splits, metrics, verdict, where everything is, what to do next."""

import shlex
from typing import Any, TextIO

from components.infra_validator.measured import serving_in_words
from pipeline.root import Root
from pipeline.run_result import RunResult
from pipeline.span_window import spans_in_words
from pipeline.verdict import Verdict

MEANINGS = {
    Verdict.PUSHED: "pushed: a new version is in the serving folder",
    Verdict.UNCHANGED: "unchanged: nothing was re-done, the served version stays",
    Verdict.WAITING_FOR_APPROVAL: "waiting for approval",
    Verdict.PINNED: "pinned: the new version waits, the pinned one stays served",
    Verdict.DATA_REFUSED: "data refused: nothing was trained, what was served stays served",
    Verdict.MODEL_REFUSED: "model refused: nothing was pushed, what was served stays served",
    Verdict.INSUFFICIENT_EVIDENCE: "insufficient evidence: nothing was pushed, what was served stays served",
    Verdict.INFRA_REFUSED: "infrastructure refused: nothing was pushed, what was served stays served",
    Verdict.WITHDRAWN: "withdrawn: this model was taken back before and is not pushed again, what is served stays served",
    Verdict.FAILED: "failed: nothing was pushed, what was served stays served",
    Verdict.INTERRUPTED: "interrupted: the same command continues where this one stopped",
}


def print_summary(run: RunResult, state: Root, stream: TextIO) -> None:
    """Print a run's outcome."""
    lines = (f"{name:<8} {value}" for name, value in rows(run, state))
    print("", *lines, sep="\n", file=stream, flush=True)


def rows(run: RunResult, state: Root) -> list[tuple[str, str]]:
    """Return the lines of the summary as name and value."""
    lines = [("verdict", MEANINGS[run.verdict])]
    lines += [("", reason) for reason in run.reasons]
    if run.failure:
        lines.append(("reason", run.failure))
    lines += data_rows(run.summary)
    if run.pushed_to:
        lines.append(("model", str(run.pushed_to)))
    if run.report:
        lines.append(("report", str(run.report)))
    of_nodes = state.logs / run.run_id  # where each node was a process of its own
    lines.append(("log", str(of_nodes if of_nodes.is_dir() else state.logs / "run.log")))
    total = sum(outcome.seconds for outcome in run.outcomes.values())
    lines.append(("time", f"{total:.1f} s in {len(run.outcomes)} nodes, {len(run.cached)} of them cached"))
    return lines + next_steps(run)


def data_rows(summary: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the lines about data and metrics that the report's summary holds."""
    splits = (summary.get("data") or {}).get("splits", {})
    lines = [
        ("data" if number == 0 else "", f"{name}: {split['images']:,} images of {split['patients']:,} patients")
        for number, (name, split) in enumerate(splits.items())
    ]
    spans = [its["span"] for its in (summary.get("data") or {}).get("spans") or ()]
    if spans:
        lines.append(("", spans_in_words(spans[0], spans[-1], len(spans))))
    if (summary.get("data") or {}).get("patient") == "unknown":
        lines.append(("", "patient independence is not proven: every image counts as its own patient"))
    metrics = {name: value for name, value in (summary.get("test") or {}).items() if isinstance(value, float)}
    if metrics:
        lines.append(("test", ", ".join(f"{name} {value:.4f}" for name, value in metrics.items())))
    if summary.get("serving"):
        lines.append(("serving", serving_in_words(summary["serving"])))
    return lines


def next_steps(run: RunResult) -> list[tuple[str, str]]:
    """Return what a user would do now: serve what was pushed, or read why it was not."""
    if run.pushed_to:
        base = run.pushed_to.parent
        serve = shlex.join(["medtfx", "serve", f"--model_name={base.name}", f"--model_base_path={base}"])
        return [("serve", serve), ("", "or tensorflow_model_server, with the same flags")]
    return [("next", f"read {run.report or 'the log'}, then change the data or the configuration and run again")]
