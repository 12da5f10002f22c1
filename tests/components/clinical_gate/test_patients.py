from collections.abc import Sequence
from typing import Literal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.clinical_gate.patients import right_patients
from pipeline.config import ClinicalRule

CLASSES = ("normal", "nodule")
SENSITIVITY = ClinicalRule(measure="sensitivity", label="nodule", at_least=0.8)
SPECIFICITY = ClinicalRule(measure="specificity", label="nodule", at_least=0.8)

Line = tuple[str, str, float]  # patient, label, probability of nodule

# Sixteenths are exact in every sum, so that the reference below can't differ by rounding.
LINES = st.lists(
    st.tuples(st.sampled_from("abcd"), st.sampled_from(CLASSES), st.integers(0, 16).map(lambda part: part / 16)), max_size=12
)


def table_of(lines: Sequence[Line]) -> pa.Table:
    return pa.table(
        {
            "patient_key": pa.array([patient for patient, _, _ in lines], pa.string()),
            "label": pa.array([label for _, label, _ in lines], pa.string()),
            "p_0": pa.array([1 - share for _, _, share in lines], pa.float32()),
            "p_1": pa.array([share for _, _, share in lines], pa.float32()),
        }
    )


def test_patient_is_judged_by_the_mean_over_images() -> None:
    lines = [("a", "nodule", 0.9), ("b", "nodule", 0.6), ("a", "nodule", 0.4), ("b", "nodule", 0.3)]
    assert right_patients(table_of(lines), SENSITIVITY, CLASSES) == (1, 2)


def test_images_of_other_classes_do_not_count_for_sensitivity() -> None:
    lines = [("a", "nodule", 0.9), ("a", "normal", 0.0), ("a", "normal", 0.0), ("b", "normal", 0.9)]
    assert right_patients(table_of(lines), SENSITIVITY, CLASSES) == (1, 1)


def test_images_of_the_class_do_not_count_for_specificity() -> None:
    lines = [("a", "nodule", 0.9), ("a", "normal", 0.2), ("b", "normal", 0.9), ("c", "normal", 0.1)]
    assert right_patients(table_of(lines), SPECIFICITY, CLASSES) == (2, 3)


@pytest.mark.parametrize(
    ("shares", "found"), [((0.4, 0.3, 0.3), 0), ((0.3, 0.4, 0.3), 1), ((0.3, 0.3, 0.4), 0)], ids=["first", "own", "last"]
)
def test_of_several_classes_the_most_probable_decides(shares: tuple[float, ...], found: int) -> None:
    columns = {f"p_{class_id}": pa.array([share], pa.float32()) for class_id, share in enumerate(shares)}
    table = pa.table({"patient_key": ["a"], "label": ["nodule"], **columns})
    assert right_patients(table, SENSITIVITY, ("normal", "nodule", "effusion")) == (found, 1)


@pytest.mark.parametrize("rule", [SENSITIVITY, SPECIFICITY], ids=lambda rule: rule.measure)
def test_one_image_without_a_number_is_never_right(rule: ClinicalRule) -> None:
    label, share = ("nodule", 1.0) if rule.measure == "sensitivity" else ("normal", 0.0)
    assert right_patients(table_of([("a", label, float("nan")), ("a", label, share)]), rule, CLASSES) == (0, 1)


def expected(lines: Sequence[Line], measure: str) -> tuple[int, int]:
    """Count with dictionaries; equal means are 'normal', the first class."""
    shares: dict[str, list[float]] = {}
    for patient, label, share in lines:
        if (label == "nodule") == (measure == "sensitivity"):
            shares.setdefault(patient, []).append(share)
    said_nodule = [sum(found) / len(found) > 0.5 for found in shares.values()]
    return sum(said == (measure == "sensitivity") for said in said_nodule), len(shares)


@given(LINES, st.sampled_from(["sensitivity", "specificity"]))
def test_patients_are_counted_as_by_hand(lines: list[Line], measure: Literal["sensitivity", "specificity"]) -> None:
    rule = ClinicalRule(measure=measure, label="nodule", at_least=0.8)
    assert right_patients(table_of(lines), rule, CLASSES) == expected(lines, measure)


@given(LINES.flatmap(lambda lines: st.tuples(st.just(lines), st.permutations(lines))))
def test_order_of_images_does_not_matter(both: tuple[list[Line], list[Line]]) -> None:
    first, second = (right_patients(table_of(lines), SENSITIVITY, CLASSES) for lines in both)
    assert first == second


def test_class_that_the_model_does_not_know_is_an_error() -> None:
    with pytest.raises(ValueError, match="not in tuple"):
        right_patients(table_of([("a", "nodule", 0.9)]), SENSITIVITY, ("normal", "effusion"))
