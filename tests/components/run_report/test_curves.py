"""ROC and precision-recall curves."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from components.run_report.curves import POINTS, UNDEFINED, roc_points, section, shown_classes, thinned
from components.run_report.measures import class_auc
from components.run_report.report_data import ReportData
from components.run_report.scores import Scores


def test_drawn_curve_has_the_area_that_is_written_beside_it(data: ReportData) -> None:
    assert data.test is not None
    x, y = roc_points(data.test, 0)
    assert np.trapezoid(y, x) == pytest.approx(class_auc(data.test, 0), abs=1e-3)


def test_long_curves_keep_both_ends() -> None:
    kept = thinned(np.linspace(0, 1, 10_000))
    assert (len(kept), kept[0], kept[-1]) == (POINTS, 0, 1)


def test_a_class_without_images_has_no_curve(data: ReportData) -> None:
    assert data.test is not None
    assert shown_classes(data.test.where(data.test.labels != 1)) == [0, 2]


def test_probabilities_that_are_no_numbers_have_no_curve(data: ReportData) -> None:
    assert data.test is not None
    shares = pa.array([float("nan"), *data.test.table["p_0"].to_pylist()[1:]], pa.float32())
    table = data.test.table.set_column(data.test.table.column_names.index("p_0"), "p_0", shares)
    broken = Scores(table, data.test.classes)
    assert shown_classes(broken) == []
    assert section(replace(data, scores={("candidate", "test"): broken})).absent == UNDEFINED
