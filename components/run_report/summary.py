"""The report's verdict and figures for programs."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from math import isfinite
from typing import Any

from components.blessing import Finding
from components.image_example_gen.row_number import row_name
from components.run_report.measures import Measured, measure
from components.run_report.report_data import ReportData

COUNTED = ("rows", "examples", "patient", "patients", "splits", "quarantined", "indexed", "skipped", "spans")  # of account.json


def summary(data: ReportData) -> str:
    """Return the verdict, every gate's findings, the counts and the test figures as JSON; what is no finite number is null."""
    test = data.test
    content = {
        "name": data.config.name,
        "run_id": data.facts.run_id,
        "verdict": data.facts.verdict,
        "version": data.facts.version,
        "gates": {
            gate: {"verdict": said.verdict, "findings": [named(finding) for finding in said.findings]}
            for gate, said in (data.blessings or {}).items()
        },
        "data": data.account and {key: data.account.get(key) for key in COUNTED},
        "quarantine": [{**asdict(row), "name": row_name(row.row)} for row in data.quarantined],
        "test": None if test is None else figures(measure(test)),
        "serving": data.serving,
        "seconds": {node.node: node.seconds for node in data.facts.nodes},
    }
    return json.dumps(strict(content), indent=2, allow_nan=False)


def named(finding: Finding) -> dict[str, Any]:
    """Return a finding as plain values, its rows by number and by name."""
    return {**asdict(finding), "row_names": [row_name(number) for number in finding.rows]}


def strict(value: Any) -> Any:
    """Return plain values in which None stands for NaN and infinities, which JSON does not know."""
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: strict(part) for key, part in value.items()}
    return [strict(part) for part in value] if isinstance(value, list | tuple) else value


def figures(measured: Measured) -> dict[str, Any]:
    """Return measures with the interval of the rate by patient."""
    lower, upper = measured.patients_right.interval
    rate = {**asdict(measured.patients_right), "lower": lower, "upper": upper}
    return {**asdict(measured), "patients_right": rate}
