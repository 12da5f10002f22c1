"""Whether the predictions are fit to be judged by."""

import numpy as np
import pyarrow as pa

from components.blessing import Finding
from components.evaluation.eval_config import EXAMPLE_COUNT
from components.evaluation.results import OVERALL, Results
from components.predictions.table import probabilities
from models.features import ROW


def judge_consistency(table: pa.Table, results: Results) -> list[Finding]:
    """Return findings on predictions that are no numbers or not the Evaluator's images; none if all is well."""
    findings = []
    wrong = ~np.isfinite(probabilities(table)).all(axis=1)
    if wrong.any():
        rows = tuple(int(row) for row in table.column(ROW).to_numpy()[wrong][:20])
        found = f"{int(wrong.sum())} of {len(table)} images without"
        findings.append(Finding("predictions", "probabilities", "a number for every class", found, rows=rows))
    evaluated = int(results.metrics[OVERALL][EXAMPLE_COUNT])
    if evaluated != len(table):
        expected = f"the Evaluator's {evaluated} test images"
        findings.append(Finding("predictions", "number of test images", expected, f"{len(table)}"))
    return findings
