"""A section of the report: a title, a template and the values that it shows, or the reason why there is nothing to show."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from components.run_report.report_data import ReportData

STOPPED = {
    "data_refused": "The run stopped at the data gate, before anything was trained.",
    "model_refused": "The run stopped at the model gates; later nodes did not run.",
    "insufficient_evidence": "The run stopped at the model gates; later nodes did not run.",
    "infra_refused": "The run stopped at the serving check; later nodes did not run.",
    "failed": "The run failed before this was made.",
    "interrupted": "The run was interrupted before this was made.",
}


@dataclass(frozen=True)
class Section:
    """One part of the page.

    Args:
        anchor: fragment that links point to.
        title: heading.
        template: file below templates/.
        values: what the template shows.
        absent: why there is nothing to show; empty when there is.
    """

    anchor: str
    title: str
    template: str
    values: Mapping[str, object] = field(default_factory=dict)
    absent: str = ""


def absent(data: ReportData, anchor: str, title: str, *, lacks: str) -> Section:
    """Return a section that says what it lacks and why."""
    why = STOPPED.get(data.facts.verdict, "The node that makes it did not run.")
    return Section(anchor, title, "absent.html.j2", absent=f"{lacks} {why}")
