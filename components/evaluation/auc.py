"""The area under the ROC curve of several classes, each against the rest, exactly.

TFMA's own AUC sorts probabilities into 10,000 equal buckets. A well-trained network puts most of its probabilities into the
first and the last of them, where TFMA can't tell them apart; the figure is then off: 0.909 for 0.929 has been seen.
"""

from array import array
from collections.abc import Iterable
from typing import Any

import apache_beam as beam
import numpy as np
from tensorflow_model_analysis.metrics import metric_types, metric_util

AUC = "auc"

Scores = tuple["array[int]", "array[float]"]  # label ids; probabilities, example after example


def auc_by_class(labels: np.ndarray, probabilities: np.ndarray) -> np.ndarray:
    """Return each class's area against the rest, float64 [classes]; NaN for a class that no or every example has.

    Args:
        labels: int [examples].
        probabilities: float [examples, classes].
    """
    from sklearn.metrics import roc_auc_score  # noqa: PLC0415 - the graph needs this module's names in every node, Evaluator alone this

    areas = np.full(probabilities.shape[1], np.nan)
    for class_id in range(len(areas)):
        positive = labels == class_id
        if positive.any() and not positive.all() and np.isfinite(probabilities[:, class_id]).all():
            areas[class_id] = roc_auc_score(positive, probabilities[:, class_id])
    return areas


class OneAgainstRestAuc(metric_types.Metric):
    """TFMA metric: the plain mean of the classes' areas under its name, and each area under the class's sub key."""

    def __init__(self, classes: int, name: str = AUC) -> None:
        """Expect this many classes."""
        super().__init__(metric_util.merge_per_key_computations(_auc_computations), classes=classes, name=name)


def _auc_computations(  # noqa: PLR0917  TFMA passes what a parameter of this name asks for
    classes: int,
    name: str,
    eval_config: Any = None,
    model_name: str = "",
    output_name: str = "",
    example_weighted: bool = False,
) -> list[Any]:
    """Return the one computation of all areas."""
    sub_keys = [None, *(metric_types.SubKey(class_id=class_id) for class_id in range(classes))]
    keys = [
        metric_types.MetricKey(
            name=name, model_name=model_name, output_name=output_name, sub_key=sub_key, example_weighted=example_weighted
        )
        for sub_key in sub_keys
    ]
    return [metric_types.MetricComputation(keys=keys, preprocessors=None, combiner=_Gather(keys, eval_config))]


class _Gather(beam.CombineFn):
    """Gathers labels and probabilities (4 bytes a number) and computes the areas at the end."""

    def __init__(self, keys: list[Any], eval_config: Any) -> None:
        self._keys = keys
        self._eval_config = eval_config

    def create_accumulator(self) -> Scores:
        return array("i"), array("f")

    def add_input(self, accumulator: Scores, element: Any) -> Scores:
        mean = self._keys[0]
        label, probabilities, _ = next(
            metric_util.to_label_prediction_example_weight(
                element,
                eval_config=self._eval_config,
                model_name=mean.model_name,
                output_name=mean.output_name,
                flatten=False,
            )
        )
        accumulator[0].append(int(label.item()))
        accumulator[1].extend(probabilities.ravel().tolist())
        return accumulator

    def merge_accumulators(self, accumulators: Iterable[Scores]) -> Scores:
        merged = self.create_accumulator()
        for labels, probabilities in accumulators:
            merged[0].extend(labels)
            merged[1].extend(probabilities)
        return merged

    def extract_output(self, accumulator: Scores) -> dict[Any, float]:
        classes = len(self._keys) - 1
        areas = auc_by_class(np.array(accumulator[0]), np.array(accumulator[1], np.float32).reshape(-1, classes))
        return dict(zip(self._keys, [float(areas.mean()), *areas.tolist()], strict=True))
