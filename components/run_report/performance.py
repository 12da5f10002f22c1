"""How good the model is on patients that it never saw: overall, by class and by slice."""

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from components.evaluation.results import OVERALL, Slice
from components.run_report.measures import Measured, Rate, class_auc, measure, sensitivity, specificity
from components.run_report.report_data import ReportData
from components.run_report.scores import Scores
from components.run_report.section import Section, absent

MEASURES = {"sensitivity": sensitivity, "specificity": specificity}
FEW_PATIENTS = 10  # below, a slice is marked: its interval spans more than half the scale


def section(data: ReportData) -> Section:
    """Return the tables of measures."""
    test = data.test
    if test is None:
        return absent(data, "performance", "Performance", lacks="There are no predictions on the test split.")
    rules = sorted({(rule.measure, rule.label) for rule in data.config.gate.rules})
    values = {
        "overall": overall_lines(data),
        "tfma": tfma_metrics(data, OVERALL),
        "classes": list(class_lines(data, test)),
        "rules": [f"{name.capitalize()} of {label}" for name, label in rules],
        "slices": [(column, list(slice_lines(data, test, column))) for column in data.config.data.slices],
        "few": FEW_PATIENTS,
    }
    return Section("performance", "Performance", "performance.html.j2", values)


def overall_lines(data: ReportData) -> list[tuple[str, str, Measured]]:
    """Return (model, split, measured) for test and val of the candidate, and for the baseline's test split."""
    wanted = (("candidate", "test"), ("baseline", "test"), ("candidate", "val"))
    found = ((model, split, (data.scores or {}).get((model, split))) for model, split in wanted)
    return [(model, split, measure(scores)) for model, split, scores in found if scores is not None and len(scores.labels)]


def class_lines(data: ReportData, test: Scores) -> Iterable[dict[str, Any]]:
    """Yield a line per class: image counts, area, and rates by patient."""
    for label, name in enumerate(data.config.data.classes):
        yield {
            "name": name,
            "images": int((test.labels == label).sum()),
            "patients": test.where(test.labels == label).patient_count,
            "auc": class_auc(test, label),
            "sensitivity": sensitivity(test, label),
            "specificity": specificity(test, label),
        }


def slice_lines(data: ReportData, test: Scores, column: str) -> Iterable[dict[str, Any]]:
    """Yield a line per value of a slice column."""
    values = test.texts(column)
    for value in np.unique(values).tolist():
        part, tfma = test.where(values == value), tfma_metrics(data, ((column, value),))
        yield {"value": value, "measured": measure(part), "tfma": tfma, "rates": rule_rates(data, part)}


def tfma_metrics(data: ReportData, where: Slice) -> Mapping[str, float]:
    """Return TFMA's metrics of a slice, {} where it has none."""
    return {} if data.evaluation is None else data.evaluation.metrics.get(where, {})


def rule_rates(data: ReportData, scores: Scores) -> list[Rate]:
    """Return the rate of each measure that a clinical rule names."""
    position = {name: index for index, name in enumerate(data.config.data.classes)}
    rules = sorted({(rule.measure, rule.label) for rule in data.config.gate.rules})
    return [MEASURES[name](scores, position[label]) for name, label in rules]
