import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.clinical_gate.rules import judge_counts, judge_rule
from components.clinical_gate.wilson import wilson_interval
from pipeline.config import ClinicalRule

SENSITIVITY = ClinicalRule(measure="sensitivity", label="nodule", at_least=0.8)


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
    table = pa.table({"patient_key": ["a"], "label": ["normal"], "p_0": [0.9], "p_1": [0.1]})
    judged = judge_rule(table, SENSITIVITY, ("normal", "nodule"))
    assert judged.verdict == "insufficient_evidence"
    assert judged.finding.found == "no patient to judge by; insufficient evidence"


@pytest.mark.parametrize(("right", "images"), [(0, 0), (7, 10), (9, 10), (98, 100), (50, 100)])
def test_images_of_unknown_patients_are_not_called_patients(right: int, images: int) -> None:
    finding = judge_counts(SENSITIVITY, right, images, patient="unknown").finding
    assert finding.subject == "sensitivity of nodule, by image"
    assert "patients" not in finding.found + finding.advice
    assert "images (each counts as its own patient)" in finding.found or images == 0


def test_unknown_patients_reach_the_words() -> None:
    table = pa.table({"patient_key": ["a"], "label": ["nodule"], "p_0": [0.1], "p_1": [0.9]})
    judged = judge_rule(table, SENSITIVITY, ("normal", "nodule"), patient="unknown")
    assert judged.finding.found.startswith("1 of 1 images (each counts as its own patient), 1.0000")


@given(st.integers(1, 300).flatmap(lambda trials: st.tuples(st.integers(0, trials), st.just(trials))), st.floats(0, 1))
def test_verdict_follows_the_interval(counts: tuple[int, int], at_least: float) -> None:
    rule = ClinicalRule(measure="sensitivity", label="nodule", at_least=at_least)
    lower, upper = wilson_interval(*counts, rule.confidence)
    expected = "accepted" if lower >= at_least else "model_refused" if upper < at_least else "insufficient_evidence"
    judged = judge_counts(rule, *counts)
    assert judged.verdict == expected
    assert judged.finding.refuses == (expected != "accepted")
