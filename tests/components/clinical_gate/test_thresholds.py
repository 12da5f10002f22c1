from typing import Any

import pytest

from components.clinical_gate.executor import overall
from components.clinical_gate.thresholds import judge_coverage, judge_thresholds
from components.evaluation.results import OVERALL, Failure, Results, Slice
from pipeline.config import Evaluation

NORTH: Slice = (("site", "north"),)
SOUTH: Slice = (("site", "south"),)


def evaluation(*thresholds: dict[str, Any], change: Any = None) -> Evaluation:
    return Evaluation.model_validate({"thresholds": thresholds, "change": change})


def results(*failures: Failure, changes: Any = None) -> Results:
    metrics = {
        OVERALL: {"auc": 0.91, "loss": 0.5, "example_count": 100.0},
        NORTH: {"auc": 0.93, "loss": 0.4, "example_count": 95.0},
        SOUTH: {"auc": 0.6, "loss": 0.9, "example_count": 5.0},
    }
    return Results(metrics, changes or {}, failures)


def test_kept_threshold_is_listed_with_its_value() -> None:
    (finding,) = judge_thresholds(evaluation({"metric": "auc", "at_least": 0.9}), results(), absent={}, blessed=True)
    assert (finding.subject, finding.expected, finding.found) == ("auc, overall", "at least 0.9", "0.9100")
    assert not finding.refuses


@pytest.mark.parametrize(
    ("threshold", "found"),
    [
        ({"metric": "auc", "at_least": 0.95}, "0.9100, 0.0400 too low"),
        ({"metric": "loss", "at_most": 0.3}, "0.5000, 0.2000 too high"),
    ],
)
def test_broken_threshold_says_by_how_much(threshold: dict[str, Any], found: str) -> None:
    bound = threshold.get("at_least", threshold.get("at_most"))
    failure = Failure(threshold["metric"], OVERALL, change=False, value=0.0, bound=bound)
    (finding,) = judge_thresholds(evaluation(threshold), results(failure), absent={}, blessed=False)
    assert finding.refuses
    assert finding.found == found


def test_slice_is_named_and_only_the_broken_one_refuses() -> None:
    failure = Failure("auc", SOUTH, change=False, value=0.6, bound=0.9)
    threshold = {"metric": "auc", "at_least": 0.9, "per": "site"}
    north, south = judge_thresholds(evaluation(threshold), results(failure), absent={}, blessed=False)
    assert (north.subject, north.refuses) == ("auc, site north", False)
    assert (south.subject, south.refuses) == ("auc, site south", True)


def test_small_slice_is_not_judged() -> None:
    failure = Failure("auc", SOUTH, change=False, value=0.6, bound=0.9)
    threshold = {"metric": "auc", "at_least": 0.9, "per": "site", "min_examples": 6}
    _, south = judge_thresholds(evaluation(threshold), results(failure), absent={}, blessed=False)
    assert not south.refuses
    assert south.found == "not judged: 5 examples, fewer than min_examples 6"


def test_auc_of_a_slice_without_a_class_is_not_judged() -> None:
    failure = Failure("auc", SOUTH, change=False, value=0.6, bound=0.9)
    threshold = {"metric": "auc", "at_least": 0.9, "per": "site"}
    _, south = judge_thresholds(evaluation(threshold), results(failure), absent={SOUTH: ("nodule",)}, blessed=False)
    assert not south.refuses
    assert south.found == "not judged: AUC needs every class; no example of nodule"


PER_SITE = {"metric": "auc", "at_least": 0.9, "per": "site"}


@pytest.mark.parametrize(
    ("min_examples", "absent"),
    [(96, {}), (1, {NORTH: ("nodule",), SOUTH: ("nodule",)}), (6, {NORTH: ("nodule",)})],
)
def test_threshold_that_judges_no_slice_is_not_passed(min_examples: int, absent: dict[Slice, tuple[str, ...]]) -> None:
    config = evaluation({**PER_SITE, "min_examples": min_examples})
    listed = judge_thresholds(config, results(), absent=absent, blessed=True)
    (judged,) = judge_coverage(config.thresholds, results(), absent)
    assert judged.finding.refuses
    assert judged.finding.found.startswith("no slice could be judged")
    assert f"Lower min_examples ({min_examples}) or collect more data" in judged.finding.advice
    assert overall(listed, [judged])[0] == "insufficient_evidence"


@pytest.mark.parametrize("threshold", [{**PER_SITE, "min_examples": 95}, {"metric": "auc", "at_least": 0.9, "min_examples": 999}])
def test_threshold_that_judges_a_slice_has_evidence(threshold: dict[str, Any]) -> None:
    assert judge_coverage(evaluation(threshold).thresholds, results(), {}) == []


def test_column_without_slices_refuses() -> None:
    threshold = {"metric": "auc", "at_least": 0.9, "per": "age"}
    (finding,) = judge_thresholds(evaluation(threshold), results(), absent={}, blessed=True)
    assert finding.refuses
    assert finding.found == "no such slice"


def test_refusal_that_nothing_explains_refuses() -> None:
    findings = judge_thresholds(evaluation({"metric": "auc", "at_least": 0.9}), results(), absent={}, blessed=False)
    assert [finding.refuses for finding in findings] == [False, True]
    assert "without naming a threshold" in findings[-1].found


def test_failure_of_no_configured_threshold_refuses() -> None:
    failure = Failure("auc", NORTH, change=False, value=0.1, bound=0.7)
    findings = judge_thresholds(evaluation({"metric": "auc", "at_least": 0.9}), results(failure), absent={}, blessed=False)
    assert [(finding.subject, finding.refuses) for finding in findings] == [("auc, overall", False), ("auc, site north", True)]


def test_metric_that_the_evaluator_lacks_refuses() -> None:
    (finding,) = judge_thresholds(evaluation({"metric": "accuracy", "at_least": 0.9}), results(), absent={}, blessed=True)
    assert finding.refuses
    assert finding.found == "the Evaluator has no such metric"


def test_without_baseline_the_change_is_not_judged() -> None:
    change = {"metric": "auc", "at_most_worse": 0.02}
    config = evaluation({"metric": "auc", "at_least": 0.9}, change=change)
    finding = judge_thresholds(config, results(), absent={}, blessed=True)[-1]
    assert not finding.refuses
    assert finding.found == "no comparable baseline: no model of these classes and this image form was pushed before"


@pytest.mark.parametrize(
    ("metric", "difference", "refuses", "found"),
    [
        ("auc", -0.05, True, "0.9100 against 0.9600: 0.0500 worse, 0.0300 too much"),
        ("auc", 0.05, False, "0.9100 against 0.8600: 0.0500 better"),
        ("loss", 0.05, True, "0.5000 against 0.4500: 0.0500 worse, 0.0300 too much"),
        ("loss", -0.01, False, "0.5000 against 0.5100: 0.0100 better"),
    ],
)
def test_change_says_both_values(metric: str, difference: float, refuses: bool, found: str) -> None:
    config = evaluation({"metric": "auc", "at_least": 0.9}, change={"metric": metric, "at_most_worse": 0.02})
    failures = (Failure(metric, OVERALL, change=True, value=difference, bound=-0.02),) if refuses else ()
    changed = results(*failures, changes={OVERALL: {metric: difference}})
    finding = judge_thresholds(config, changed, absent={}, blessed=not refuses)[-1]
    assert (finding.refuses, finding.found) == (refuses, found)
