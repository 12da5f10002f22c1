"""Measures agree with scikit-learn, TFMA and the gate."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import balanced_accuracy_score, log_loss, roc_auc_score

from components.predictions.table import schema
from components.run_report.measures import Rate, class_auc, measure, patients_right, sensitivity, specificity
from components.run_report.report_data import ReportData
from components.run_report.scores import Scores

CLASSES = ("a", "b")


def scores_of(lines: list[tuple[str, int, float]]) -> Scores:
    """Return scores from (patient, label, probability of class b)."""
    rows = [
        {
            "image_key": str(row),
            "patient_key": patient,
            "row": row,
            "split": "test",
            "label": CLASSES[label],
            "model": "candidate",
        }
        | {"p_0": 1 - share, "p_1": share}
        for row, (patient, label, share) in enumerate(lines)
    ]
    return Scores(pa.Table.from_pylist(rows, schema=schema((), 2)), CLASSES)


def test_overall_measures_equal_scikit_learn(data: ReportData) -> None:
    test = data.test
    assert test is not None
    found = measure(test)
    assert found.auc == pytest.approx(roc_auc_score(test.labels, test.probabilities, multi_class="ovr", average="macro"))
    assert found.loss == pytest.approx(log_loss(test.labels, test.probabilities))
    assert found.balanced_accuracy == pytest.approx(balanced_accuracy_score(test.labels, test.decisions))


def test_tfma_agrees_overall_and_by_slice(data: ReportData) -> None:
    assert data.test is not None
    assert data.evaluation is not None
    for where, metrics in data.evaluation.metrics.items():
        part = data.test
        for column, value in where:
            part = part.where(part.texts(column) == value)
        found = measure(part)
        assert found.auc == pytest.approx(metrics["auc"], abs=1e-3)
        assert found.accuracy == pytest.approx(metrics["accuracy"], abs=1e-6)
        assert found.loss == pytest.approx(metrics["loss"], abs=1e-5)


@pytest.mark.parametrize("share", [float("nan"), float("inf"), float("-inf")])
def test_area_is_not_defined_where_a_probability_is_no_number(share: float) -> None:
    broken = scores_of([("x", 1, share), ("y", 1, 0.4), ("z", 0, 0.2)])
    assert [class_auc(broken, label) for label in (0, 1)] == [None, None]
    assert measure(broken).auc is None


def test_area_is_not_defined_without_one_of_the_sides() -> None:
    alone = scores_of([("x", 1, 0.7), ("y", 1, 0.4)])
    assert class_auc(alone, 1) is None
    assert measure(alone).auc is None


def test_a_patient_is_judged_by_the_mean_over_own_images() -> None:
    scores = scores_of([("x", 1, 0.9), ("x", 1, 0.3), ("y", 1, 0.4), ("z", 0, 0.2)])
    assert sensitivity(scores, 1) == Rate(1, 2)
    assert specificity(scores, 1) == Rate(1, 1)


def test_a_patient_with_images_of_two_classes_counts_for_each() -> None:
    assert patients_right(scores_of([("x", 1, 0.9), ("x", 0, 0.8)])) == Rate(1, 2)


@given(st.lists(st.tuples(st.sampled_from("uvwxyz"), st.integers(0, 1), st.floats(0.01, 0.99)), min_size=1, max_size=30))
def test_patients_right_adds_up_the_sensitivities(lines: list[tuple[str, int, float]]) -> None:
    scores = scores_of(lines)
    rates = [sensitivity(scores, label) for label in range(2)]
    found = patients_right(scores)
    assert (found.successes, found.trials) == tuple(np.sum([(rate.successes, rate.trials) for rate in rates], axis=0))
    lower, upper = found.interval
    assert lower <= (found.value or 0) <= upper


def test_a_rate_without_trials_has_no_value_and_the_whole_interval() -> None:
    assert (Rate(0, 0).value, Rate(0, 0).interval) == (None, (0.0, 1.0))
