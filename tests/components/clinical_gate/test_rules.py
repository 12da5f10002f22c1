from collections.abc import Sequence

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.clinical_gate.patients import right_patients
from components.clinical_gate.rules import judge_counts, judge_rule
from components.clinical_gate.wilson import wilson_interval
from pipeline.config import ClinicalRule

CLASSES = ("normal", "nodule")
SENSITIVITY = ClinicalRule(measure="sensitivity", label="nodule", at_least=0.8)
SPECIFICITY = ClinicalRule(measure="specificity", label="nodule", at_least=0.8)


def table_of(lines: Sequence[tuple[str, str, float]]) -> pa.Table:
    """Return a table of (patient, label, probability of nodule)."""
    return pa.table(
        {
            "patient_key": [patient for patient, _, _ in lines],
            "label": [label for _, label, _ in lines],
            "row": list(range(1, len(lines) + 1)),
            "p_0": pa.array([1 - share for _, _, share in lines], pa.float32()),
            "p_1": pa.array([share for _, _, share in lines], pa.float32()),
        }
    )


def test_patient_is_judged_by_the_mean_over_images() -> None:
    lines = [("a", "nodule", 0.9), ("a", "nodule", 0.4), ("b", "nodule", 0.6), ("b", "nodule", 0.3)]
    assert right_patients(table_of(lines), SENSITIVITY, CLASSES) == (1, 2)


def test_images_of_other_classes_do_not_count_for_sensitivity() -> None:
    lines = [("a", "nodule", 0.9), ("a", "normal", 0.0), ("a", "normal", 0.0), ("b", "normal", 0.9)]
    assert right_patients(table_of(lines), SENSITIVITY, CLASSES) == (1, 1)


def test_specificity_counts_patients_without_the_finding() -> None:
    lines = [("a", "nodule", 0.9), ("a", "normal", 0.2), ("b", "normal", 0.9), ("c", "normal", 0.1)]
    assert right_patients(table_of(lines), SPECIFICITY, CLASSES) == (2, 3)


@pytest.mark.parametrize("rule", [SENSITIVITY, SPECIFICITY], ids=lambda rule: rule.measure)
def test_no_number_is_never_right(rule: ClinicalRule) -> None:
    label = "nodule" if rule.measure == "sensitivity" else "normal"
    assert right_patients(table_of([("a", label, float("nan"))]), rule, CLASSES) == (0, 1)


def test_all_of_the_interval_above_the_bound_is_accepted() -> None:
    judged = judge_counts(SENSITIVITY, 98, 100)
    assert judged.verdict == "accepted"
    assert not judged.finding.refuses
    assert judged.finding.found == "98 of 100 patients, 0.9800 (0.9300 to 0.9945)"


def test_all_of_the_interval_below_the_bound_is_refused() -> None:
    judged = judge_counts(SENSITIVITY, 50, 100)
    assert judged.verdict == "model_refused"
    assert judged.finding.refuses
    assert "even the upper limit is 0.2038 too low" in judged.finding.found


def test_bound_within_the_interval_is_insufficient_and_says_how_many_patients_would_do() -> None:
    judged = judge_counts(SENSITIVITY, 9, 10)
    assert judged.verdict == "insufficient_evidence"
    assert judged.finding.refuses
    assert judged.finding.advice == "At this rate about 62 patients in the test split would be enough; there are 10."


def test_rate_below_the_bound_asks_for_a_better_model() -> None:
    judged = judge_counts(SENSITIVITY, 7, 10)
    assert judged.verdict == "insufficient_evidence"
    assert "no number of patients" in judged.finding.advice


def test_without_patients_the_evidence_is_insufficient() -> None:
    judged = judge_rule(table_of([("a", "normal", 0.1)]), SENSITIVITY, CLASSES)
    assert judged.verdict == "insufficient_evidence"
    assert judged.finding.found == "no patient to judge by; insufficient evidence"


@given(st.integers(1, 300).flatmap(lambda trials: st.tuples(st.integers(0, trials), st.just(trials))), st.floats(0, 1))
def test_verdict_follows_the_interval(counts: tuple[int, int], at_least: float) -> None:
    rule = ClinicalRule(measure="sensitivity", label="nodule", at_least=at_least)
    lower, upper = wilson_interval(*counts, rule.confidence)
    expected = "accepted" if lower >= at_least else "model_refused" if upper < at_least else "insufficient_evidence"
    judged = judge_counts(rule, *counts)
    assert judged.verdict == expected
    assert judged.finding.refuses == (expected != "accepted")
