from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest
import tensorflow_model_analysis as tfma
from sklearn.metrics import accuracy_score, balanced_accuracy_score, log_loss, roc_auc_score
from tensorflow_model_analysis.metrics import metric_specs

from components.evaluation.eval_config import eval_config
from components.evaluation.results import OVERALL, Results, Slice, read_results
from components.predictions.table import probabilities, read_table
from pipeline.beam_memo import remembered
from pipeline.config import Evaluation

SITES: list[Slice] = [(("site", name),) for name in ("north", "south", "unknown")]


@pytest.fixture(scope="session")
def results(judged: Any) -> Results:
    return read_results(Path(judged["alone"]["Evaluator"].outputs["evaluation"][0].uri))


def lines_of(judged: Any, where: Slice) -> tuple[np.ndarray, np.ndarray]:
    """Return labels (int [lines]) and probabilities of a slice of the test split, from the table of predictions."""
    table: pa.Table = read_table(Path(judged["alone"]["Predictions"].outputs["predictions"][0].uri), split="test")
    for column, value in where:
        table = table.filter(pc.equal(table.column(column), value))
    ids = {"normal": 0, "nodule": 1, "effusion": 2}
    return np.array([ids[label] for label in table.column("label").to_pylist()]), probabilities(table)


@pytest.mark.parametrize("where", [OVERALL, *SITES], ids=str)
def test_auc_is_scikit_learns_mean_of_one_against_rest(judged: Any, results: Results, where: Slice) -> None:
    labels, shares = lines_of(judged, where)
    expected = roc_auc_score(labels, shares, average="macro", multi_class="ovr")
    assert results.metrics[where]["auc"] == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("where", [OVERALL, *SITES], ids=str)
def test_other_metrics_are_scikit_learns(judged: Any, results: Results, where: Slice) -> None:
    labels, shares = lines_of(judged, where)
    decisions, exact = shares.argmax(axis=1), shares.astype(np.float64)
    found = results.metrics[where]
    assert found["example_count"] == len(labels)
    assert found["accuracy"] == pytest.approx(accuracy_score(labels, decisions), abs=1e-6)
    assert found["balanced_accuracy"] == pytest.approx(balanced_accuracy_score(labels, decisions), abs=1e-9)
    assert found["loss"] == pytest.approx(log_loss(labels, exact / exact.sum(axis=1, keepdims=True)), abs=1e-5)


def tfma_auc(labels: np.ndarray, shares: np.ndarray) -> float:
    """Return TFMA's AUC of given predictions."""
    evaluation = Evaluation.model_validate({"thresholds": [{"metric": "auc", "at_least": 0.5}], "change": None})
    config = eval_config(evaluation, classes=["a", "b", "c"][: shares.shape[1]], slices=[])
    config.model_specs[0].ClearField("preprocessing_function_names")
    frame = pd.DataFrame({"label_id": labels, "probabilities": list(shares)})
    with remembered():
        ((_, metrics),) = tfma.analyze_raw_data(frame, config).slicing_metrics
    return float(metrics[""][""]["auc"]["doubleValue"])


def test_auc_of_two_classes_is_the_binary_one() -> None:
    random = np.random.default_rng(3)
    labels = random.integers(0, 2, 400)
    positive = (random.normal(labels * 0.8, 1.0) / 8 + 0.5).clip(0.01, 0.99).astype(np.float32)
    found = tfma_auc(labels, np.stack([1 - positive, positive], axis=1))
    assert found == pytest.approx(roc_auc_score(labels, positive), abs=1e-6)


def test_auc_is_exact_for_a_model_that_is_very_sure() -> None:
    random = np.random.default_rng(3)
    labels = random.integers(0, 3, 300)
    logits = 25 * (np.eye(3)[labels] + random.normal(0, 0.6, (300, 3)))
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares = (shares / shares.sum(axis=1, keepdims=True)).astype(np.float32)
    expected = np.mean([roc_auc_score(labels == class_id, shares[:, class_id]) for class_id in range(3)])
    assert tfma_auc(labels, shares) == pytest.approx(expected, abs=1e-9)


def test_broken_thresholds_name_their_slices(judged: Any) -> None:
    found = read_results(Path(judged["worse"]["Evaluator"].outputs["evaluation"][0].uri)).failures
    broken = {(failure.metric, failure.where) for failure in found if not failure.change}
    everywhere = {("auc", OVERALL), *(("auc", site) for site in SITES), *(("accuracy", site) for site in SITES)}
    assert broken == {*everywhere, ("accuracy", OVERALL), ("balanced_accuracy", OVERALL), ("loss", OVERALL)}


def test_overall_threshold_does_not_hold_for_slices(results: Results) -> None:
    assert ("loss", SITES[1]) not in {(failure.metric, failure.where) for failure in results.failures}
    assert results.metrics[SITES[1]]["loss"] > 0.2


def test_thresholds_hold_for_the_mean_auc_not_for_each_class() -> None:
    evaluation = Evaluation.model_validate({"thresholds": [{"metric": "auc", "at_least": 0.5}], "change": {"metric": "loss"}})
    config = eval_config(evaluation, classes=["a", "b", "c"], slices=["site"])
    thresholds = metric_specs.metric_thresholds_from_metrics_specs(config.metrics_specs, eval_config=config)
    assert sorted((key.name, key.sub_key, key.is_diff) for key in thresholds) == [("auc", None, False), ("loss", None, True)]


def test_loss_may_rise_and_auc_may_fall_by_the_change() -> None:
    for metric, bound in (("loss", 0.05), ("auc", -0.05)):
        change = {"metric": metric, "at_most_worse": 0.05}
        evaluation = Evaluation.model_validate({"thresholds": [{"metric": "accuracy", "at_least": 0.5}], "change": change})
        config = eval_config(evaluation, classes=["a", "b"], slices=[])
        found = metric_specs.metric_thresholds_from_metrics_specs(config.metrics_specs, eval_config=config)
        ((_, threshold),) = next(thresholds for key, thresholds in found.items() if key.name == metric)
        assert threshold.absolute.value == pytest.approx(bound)
