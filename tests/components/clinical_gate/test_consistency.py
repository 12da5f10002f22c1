import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.clinical_gate.consistency import judge_consistency
from components.evaluation.results import OVERALL, Results

NUMBERS = st.floats(0, 1, width=32) | st.sampled_from([float("nan"), float("inf"), float("-inf")])


def table_of(shares: list[tuple[float, float]]) -> pa.Table:
    """Return a table of (p_0, p_1); its rows are 1, 2, ... of the manifest."""
    columns = {f"p_{class_id}": pa.array([line[class_id] for line in shares], pa.float32()) for class_id in range(2)}
    return pa.table({"row": list(range(1, len(shares) + 1)), **columns})


def evaluated(images: int) -> Results:
    """Return what the Evaluator says after this many images; a slice has fewer."""
    return Results({(("site", "north"),): {"example_count": 0.0}, OVERALL: {"example_count": float(images)}}, {}, ())


def test_numbers_for_the_evaluators_images_give_no_finding() -> None:
    assert judge_consistency(table_of([(0.25, 0.75), (1.0, 0.0)]), evaluated(2)) == []


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
@pytest.mark.parametrize("class_id", [0, 1])
def test_one_class_without_a_number_refuses_with_its_row(number: float, class_id: int) -> None:
    shares = (number, 0.5) if class_id == 0 else (0.5, number)
    (finding,) = judge_consistency(table_of([(0.5, 0.5), shares, (0.5, 0.5)]), evaluated(3))
    assert finding.refuses
    assert (finding.subject, finding.found, finding.rows) == ("probabilities", "1 of 3 images without", (2,))


@given(st.lists(st.tuples(NUMBERS, NUMBERS), max_size=12))
def test_rows_are_exactly_those_without_numbers(shares: list[tuple[float, float]]) -> None:
    expected = tuple(row for row, line in enumerate(shares, 1) if not all(0 <= share <= 1 for share in line))
    findings = judge_consistency(table_of(shares), evaluated(len(shares)))
    assert [finding.rows for finding in findings] == ([expected] if expected else [])


def test_at_most_twenty_rows_are_named_but_all_are_counted() -> None:
    (finding,) = judge_consistency(table_of([(0.5, 0.5)] * 10 + [(float("nan"), 0.5)] * 30), evaluated(40))
    assert finding.rows == tuple(range(11, 31))
    assert finding.found == "30 of 40 images without"


@pytest.mark.parametrize("images", [1, 3])
def test_predictions_of_fewer_or_more_images_than_the_evaluators_refuse(images: int) -> None:
    (finding,) = judge_consistency(table_of([(0.5, 0.5)] * 2), evaluated(images))
    assert finding.refuses
    assert (finding.expected, finding.found) == (f"the Evaluator's {images} test images", "2")


def test_both_faults_are_told() -> None:
    findings = judge_consistency(table_of([(float("nan"), 0.5)]), evaluated(2))
    assert [finding.subject for finding in findings] == ["probabilities", "number of test images"]
