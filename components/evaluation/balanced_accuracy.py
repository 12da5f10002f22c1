"""Balanced accuracy of several classes, which TFMA has for two only: the mean over classes of the share found."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from tensorflow_model_analysis.metrics import metric_types, metric_util
from tensorflow_model_analysis.metrics.multi_class_confusion_matrix_metrics import multi_class_confusion_matrices

BALANCED_ACCURACY = "balanced_accuracy"


def mean_recall(matrix: Mapping[tuple[int, int], float]) -> float:
    """Return the mean recall over the classes that have examples, as scikit-learn's balanced_accuracy_score does.

    Args:
        matrix: (actual class, predicted class) -> examples.
    """
    total: defaultdict[int, float] = defaultdict(float)
    right: defaultdict[int, float] = defaultdict(float)
    for (actual, predicted), count in matrix.items():
        total[actual] += count
        right[actual] += count if actual == predicted else 0.0
    return sum(right[actual] / total[actual] for actual in total) / len(total) if total else float("nan")


class MeanRecall(metric_types.Metric):
    """TFMA metric: the mean recall of the most probable class."""

    def __init__(self, name: str = BALANCED_ACCURACY) -> None:
        """Give the metric its name."""
        super().__init__(metric_util.merge_per_key_computations(_mean_recall_computations), name=name)


def _mean_recall_computations(  # noqa: PLR0917  TFMA passes what a parameter of this name asks for
    name: str,
    eval_config: Any = None,
    model_name: str = "",
    output_name: str = "",
    example_weighted: bool = False,
) -> list[Any]:
    """Return the confusion matrix of the most probable class, and mean_recall on top of it."""
    computations = multi_class_confusion_matrices(
        thresholds=[0.0],  # the most probable class counts, however low its probability
        eval_config=eval_config,
        model_name=model_name,
        output_name=output_name,
        example_weighted=example_weighted,
    )
    matrices = computations[-1].keys[-1]
    key = metric_types.MetricKey(name=name, model_name=model_name, output_name=output_name, example_weighted=example_weighted)

    def result(metrics: Mapping[Any, Any]) -> dict[Any, float]:
        return {key: mean_recall(metrics[matrices][0.0])}

    return [*computations, metric_types.DerivedMetricComputation(keys=[key], result=result)]
