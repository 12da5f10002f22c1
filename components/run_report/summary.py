"""The report's verdict and figures for programs."""

import json
from dataclasses import asdict
from typing import Any

from components.run_report.measures import Measured, measure
from components.run_report.report_data import ReportData

COUNTED = ("rows", "examples", "patient", "patients", "splits", "quarantined")  # of account.json


def summary(data: ReportData) -> str:
    """Return the verdict, every gate's findings, the counts and the test figures as JSON."""
    test = data.test
    content = {
        "name": data.config.name,
        "run_id": data.facts.run_id,
        "verdict": data.facts.verdict,
        "version": data.facts.version,
        "gates": {
            gate: {"verdict": said.verdict, "findings": [asdict(finding) for finding in said.findings]}
            for gate, said in (data.blessings or {}).items()
        },
        "data": data.account and {key: data.account[key] for key in COUNTED},
        "test": None if test is None else figures(measure(test)),
        "seconds": {node.node: node.seconds for node in data.facts.nodes},
    }
    return json.dumps(content, indent=2)


def figures(measured: Measured) -> dict[str, Any]:
    """Return measures with the interval of the rate by patient."""
    lower, upper = measured.patients_right.interval
    rate = {**asdict(measured.patients_right), "lower": lower, "upper": upper}
    return {**asdict(measured), "patients_right": rate}
