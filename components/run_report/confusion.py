"""Which class is taken for which."""

import numpy as np

from components.run_report.report_data import ReportData
from components.run_report.scores import Scores
from components.run_report.section import Section, absent


def section(data: ReportData) -> Section:
    """Return the confusion matrix of the test split."""
    if data.test is None:
        return absent(data, "confusion", "Confusion matrix", lacks="There are no predictions on the test split.")
    counts = matrix(data.test)
    totals = counts.sum(axis=1, keepdims=True)
    shares = counts / np.maximum(totals, 1)
    lines = [
        (name, int(totals[index, 0]), list(zip(counts[index].tolist(), shares[index].tolist(), strict=True)))
        for index, name in enumerate(data.config.data.classes)
    ]
    values = {
        "classes": data.config.data.classes,
        "lines": lines,
        "images": int(counts.sum()),
        "patients": data.test.patient_count,
    }
    return Section("confusion", "Confusion matrix", "confusion.html.j2", values)


def matrix(scores: Scores) -> np.ndarray:
    """Return image counts, int64 [labelled class, decided class]."""
    classes = scores.probabilities.shape[1]
    return np.bincount(scores.labels * classes + scores.decisions, minlength=classes**2).reshape(classes, classes)
