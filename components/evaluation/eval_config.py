"""The configuration's thresholds as a TFMA EvalConfig.

Every threshold names its slice: TFMA applies one without a slice to every slice there is. AUC is one against the rest, a
binary AUC per class and their plain mean, as scikit-learn's roc_auc_score(multi_class="ovr", average="macro").
"""

import json
from collections.abc import Sequence
from typing import Any

from google.protobuf.wrappers_pb2 import DoubleValue
from tensorflow_model_analysis.proto import config_pb2

from components.evaluation.auc import AUC, OneAgainstRestAuc
from components.evaluation.balanced_accuracy import BALANCED_ACCURACY, MeanRecall
from models.features import LABEL_ID
from pipeline.config import Change, Evaluation, Threshold

SIGNATURE = "serving_default"
PREPROCESSING = "transform_features"
PREDICTION = "probabilities"
EXAMPLE_COUNT = "example_count"
OVERALL = config_pb2.SlicingSpec()

_CLASSES = {
    "accuracy": ("SparseCategoricalAccuracy", ""),
    AUC: (OneAgainstRestAuc.__name__, OneAgainstRestAuc.__module__),
    BALANCED_ACCURACY: (MeanRecall.__name__, MeanRecall.__module__),
    "loss": ("SparseCategoricalCrossentropy", ""),
}
_LOWER_IS_BETTER = frozenset({"loss"})


def eval_config(evaluation: Evaluation, *, classes: Sequence[str], slices: Sequence[str]) -> config_pb2.EvalConfig:
    """Return what the stock Evaluator computes and checks on the test split.

    The change threshold holds overall; without a baseline the Evaluator leaves it out.
    """
    return config_pb2.EvalConfig(
        model_specs=[
            config_pb2.ModelSpec(
                signature_name=SIGNATURE,
                prediction_key=PREDICTION,
                label_key=LABEL_ID,
                preprocessing_function_names=[PREPROCESSING],
            )
        ],
        slicing_specs=[OVERALL, *(_slice_by(column) for column in slices)],
        metrics_specs=[_metrics(evaluation, len(classes))],
    )


def _slice_by(column: str | None) -> config_pb2.SlicingSpec:
    return config_pb2.SlicingSpec(feature_keys=[column]) if column else OVERALL


def _metrics(evaluation: Evaluation, classes: int) -> config_pb2.MetricsSpec:
    """Return the metrics with the thresholds that are set on them."""
    count = config_pb2.MetricConfig(class_name="ExampleCount")
    configs = {name: {"name": name, "classes": classes} if name == AUC else {"name": name} for name in _CLASSES}
    return config_pb2.MetricsSpec(metrics=[count, *(_metric(name, configs[name], evaluation) for name in _CLASSES)])


def _metric(name: str, config: dict[str, Any], evaluation: Evaluation) -> config_pb2.MetricConfig:
    """Return one metric with its thresholds."""
    thresholds = [_value_threshold(threshold) for threshold in evaluation.thresholds if threshold.metric == name]
    if evaluation.change is not None and evaluation.change.metric == name:
        thresholds.append(_change_threshold(evaluation.change))
    class_name, module = _CLASSES[name]
    return config_pb2.MetricConfig(
        class_name=class_name, module=module, config=json.dumps(config), per_slice_thresholds=thresholds
    )


def _value_threshold(threshold: Threshold) -> config_pb2.PerSliceMetricThreshold:
    lower = None if threshold.at_least is None else DoubleValue(value=threshold.at_least)
    upper = None if threshold.at_most is None else DoubleValue(value=threshold.at_most)
    bound = config_pb2.GenericValueThreshold(lower_bound=lower, upper_bound=upper)
    return config_pb2.PerSliceMetricThreshold(
        slicing_specs=[_slice_by(threshold.per)], threshold=config_pb2.MetricThreshold(value_threshold=bound)
    )


def _change_threshold(change: Change) -> config_pb2.PerSliceMetricThreshold:
    """Return the bound on candidate minus baseline."""
    lower_is_better = change.metric in _LOWER_IS_BETTER
    bound = config_pb2.GenericChangeThreshold(
        direction=config_pb2.MetricDirection.LOWER_IS_BETTER if lower_is_better else config_pb2.MetricDirection.HIGHER_IS_BETTER,
        absolute=DoubleValue(value=change.at_most_worse if lower_is_better else -change.at_most_worse),
    )
    return config_pb2.PerSliceMetricThreshold(
        slicing_specs=[OVERALL], threshold=config_pb2.MetricThreshold(change_threshold=bound)
    )
