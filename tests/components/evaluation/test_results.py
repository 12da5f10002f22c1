from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import tensorflow_model_analysis as tfma
from hypothesis import given
from hypothesis import strategies as st

from components.evaluation.eval_config import eval_config
from components.evaluation.results import OVERALL, Failure, Results, Slice, read_results
from pipeline.beam_memo import remembered
from pipeline.config import Evaluation

NORTH: Slice = (("site", "north"),)
SOUTH: Slice = (("site", "süd: 2"),)
METRICS = {"accuracy", "auc", "balanced_accuracy", "example_count", "loss"}


@pytest.fixture(scope="module")
def alone(judged: Any) -> Results:
    """A model without baseline."""
    return read_results(Path(judged["alone"]["Evaluator"].outputs["evaluation"][0].uri))


@pytest.fixture(scope="module")
def worse(judged: Any) -> Results:
    """A bad model against that one."""
    return read_results(Path(judged["worse"]["Evaluator"].outputs["evaluation"][0].uri))


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """TFMA's word on four predictions, three of them right, under thresholds that are kept and broken."""
    thresholds: list[dict[str, Any]] = [
        {"metric": "accuracy", "at_least": 0.75},
        {"metric": "accuracy", "at_least": 0.8},
        {"metric": "accuracy", "at_most": 0.0},
        {"metric": "accuracy", "at_least": 0.7, "per": "site"},
        {"metric": "loss", "at_most": 1.0},
    ]
    evaluation = Evaluation.model_validate({"thresholds": thresholds, "change": None})
    config = eval_config(evaluation, classes=["a", "b"], slices=["site"])
    config.model_specs[0].ClearField("preprocessing_function_names")
    sites = [where[0][1] for where in (NORTH, NORTH, SOUTH, SOUTH)]
    shares = [[0.9, 0.1], [0.2, 0.8], [0.7, 0.3], [0.6, 0.4]]
    frame = pd.DataFrame({"label_id": [0, 1, 0, 1], "probabilities": shares, "site": sites})
    folder = tmp_path_factory.mktemp("evaluation")
    with remembered():
        tfma.analyze_raw_data(frame, config, output_path=str(folder))
    return read_results(folder)


def test_metrics_are_read_by_slice(results: Results) -> None:
    found = {where: (values["example_count"], values["accuracy"]) for where, values in results.metrics.items()}
    assert found == {OVERALL: (4.0, 0.75), NORTH: (2.0, 1.0), SOUTH: (2.0, 0.5)}


def test_mean_auc_is_not_taken_for_that_of_a_class(alone: Results) -> None:
    assert all(set(values) == METRICS for values in alone.metrics.values())


def test_metrics_beside_a_baseline_are_the_candidates(alone: Results, worse: Results) -> None:
    assert worse.metrics[OVERALL]["auc"] < 0.5 < alone.metrics[OVERALL]["auc"]


def test_change_is_candidate_minus_baseline(alone: Results, worse: Results) -> None:
    expected = worse.metrics[OVERALL]["auc"] - alone.metrics[OVERALL]["auc"]
    assert worse.changes[OVERALL]["auc"] == pytest.approx(expected, abs=1e-9)


def test_without_baseline_there_is_no_change(alone: Results) -> None:
    assert alone.changes == {}
    assert not any(failure.change for failure in alone.failures)


def test_broken_change_has_the_difference_and_its_bound(worse: Results) -> None:
    (failure,) = [failure for failure in worse.failures if failure.change]
    assert (failure.metric, failure.where, failure.bound) == ("auc", OVERALL, -0.02)
    assert failure.value == pytest.approx(worse.changes[OVERALL]["auc"])


def test_broken_thresholds_have_slice_value_and_bound(results: Results) -> None:
    assert sorted(results.failures, key=lambda failure: failure.bound) == [
        Failure("accuracy", OVERALL, change=False, value=0.75, bound=0.0),
        Failure("accuracy", SOUTH, change=False, value=0.5, bound=0.7),
        Failure("accuracy", OVERALL, change=False, value=0.75, bound=0.8),
    ]


def results_of(slices: Iterable[Slice]) -> Results:
    return Results({where: {} for where in slices}, {}, ())


def test_no_column_means_all_examples() -> None:
    assert results_of([NORTH, SOUTH]).slices_of(None) == [OVERALL]


@given(st.lists(st.tuples(st.sampled_from(["sex", "site"]), st.text(max_size=3)), unique=True))
def test_slices_of_a_column_are_all_its_values_sorted(pairs: list[tuple[str, str]]) -> None:
    crossed: Slice = (("site", "north"), ("sex", "f"))
    found = results_of([OVERALL, crossed, *((pair,) for pair in pairs)]).slices_of("site")
    assert found == sorted((pair,) for pair in pairs if pair[0] == "site")
