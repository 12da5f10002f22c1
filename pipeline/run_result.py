"""What a run has come to, for the terminal, for programs and for the report."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from components.blessing import Finding
from components.run_report.run_facts import NodeFacts, NodeState
from pipeline.node_launch import NodeOutcome
from pipeline.verdict import Verdict


@dataclass
class RunResult:
    """A run and what it has come to so far.

    Args:
        run_id: names the run in ML Metadata, logs and reports.
        verdict: FAILED until a node says otherwise.
        outcomes: by node, in the order of launch.
        findings: of the gate that refused.
        failure: why it failed, one line.
        version: the served version that this run stands for.
        pushed_to: its folder.
        report: the HTML file.
        summary: content of the report's summary.json.
        digests: what -> SHA-256, for the report.
    """

    run_id: str
    verdict: Verdict = Verdict.FAILED
    outcomes: dict[str, NodeOutcome] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    failure: str = ""
    version: str | None = None
    pushed_to: Path | None = None
    report: Path | None = None
    summary: dict[str, Any] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)

    @property
    def reasons(self) -> list[str]:
        """A line per finding that refuses."""
        refusing = (finding for finding in self.findings if finding.refuses)
        return [f"{item.rule}: {item.subject}: {item.found}; expected {item.expected}" for item in refusing]

    @property
    def cached(self) -> list[str]:
        """Nodes whose earlier result was used."""
        return [node for node, outcome in self.outcomes.items() if outcome.cached]

    def node_facts(self, node: str) -> NodeFacts:
        """Return how a node went, for the report."""
        outcome = self.outcomes.get(node)
        if outcome is None:
            return NodeFacts(node=node, state="not_run")
        state: NodeState = "cached" if outcome.cached else "ran" if outcome.done else "failed"
        return NodeFacts(node=node, state=state, seconds=outcome.seconds)

    def as_json(self) -> dict[str, Any]:
        """Return the result as plain values, for programs."""
        return {
            "verdict": self.verdict.value,
            "exit_code": self.verdict.exit_code,
            "run_id": self.run_id,
            "version": self.version,
            "pushed_to": self.pushed_to and str(self.pushed_to),
            "report": self.report and str(self.report),
            "seconds": {node: round(outcome.seconds, 3) for node, outcome in self.outcomes.items()},
            "cached": self.cached,
            "reasons": self.reasons,
            "failure": self.failure or None,
            "metrics": self.summary.get("test") or {},
            "serving": self.summary.get("serving") or {},
        }
