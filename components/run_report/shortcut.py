"""How well slice columns and image size tell the label without a pixel."""

from typing import Any

from components.data_gate.resampled_auc import Area
from components.run_report.report_data import ReportData
from components.run_report.section import Section, absent
from pipeline.config import ShortcutBounds

TITLE = "Label by metadata alone"


def section(data: ReportData) -> Section:
    """Return the areas of all columns together and of each alone."""
    found = data.shortcut
    if found is None:
        return absent(data, "shortcut", TITLE, lacks="Nobody looked whether metadata alone tell the label.")
    if found.together is None:
        return Section("shortcut", TITLE, "absent.html.j2", absent=f"Not judged: {found.not_judged}.")
    bounds = data.config.data.shortcut
    values = {
        "images": found.images,
        "patients": found.patients,
        "bounds": bounds,
        "tone": tone(found.together, bounds),
        "lines": [line(area) for area in (found.together, *found.columns)],
    }
    return Section("shortcut", TITLE, "shortcut.html.j2", values)


def tone(together: Area, bounds: ShortcutBounds) -> str:
    """Return whether the interval begins above a bound: bad where that refuses, wait where it warns, else good."""
    if bounds.refuse_above is not None and together.lower > bounds.refuse_above:
        return "bad"
    return "wait" if together.lower > bounds.warn_above else "good"


def line(area: Area) -> dict[str, Any]:
    """Return what the table shows of an area."""
    return {"subject": area.subject, "value": area.auc, "interval": (area.lower, area.upper)}
