"""What the Evaluator found, as plain values."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.proto import config_pb2, metrics_for_slice_pb2

Slice = tuple[tuple[str, str], ...]  # (column, value); empty: all examples
OVERALL: Slice = ()


@dataclass(frozen=True)
class Failure:
    """One threshold that TFMA found broken.

    Args:
        metric: its name in the configuration.
        where: the slice.
        change: whether the bound is on the difference to the baseline.
        value: what TFMA found; None if it has no such metric.
        bound: the bound that is broken.
    """

    metric: str
    where: Slice
    change: bool
    value: float | None
    bound: float


@dataclass(frozen=True)
class Results:
    """The candidate's metrics and the broken thresholds.

    Args:
        metrics: slice -> metric -> value; AUC is the mean over classes.
        changes: slice -> metric -> candidate minus baseline; empty without a baseline.
        failures: broken thresholds.
    """

    metrics: dict[Slice, dict[str, float]]
    changes: dict[Slice, dict[str, float]]
    failures: tuple[Failure, ...]

    def slices_of(self, column: str | None) -> list[Slice]:
        """Return the slices of a column, sorted; the overall slice for None."""
        if column is None:
            return [OVERALL]
        return sorted(where for where in self.metrics if [name for name, _ in where] == [column])


def read_results(evaluation: Path) -> Results:
    """Read an Evaluator's artifact."""
    metrics: dict[Slice, dict[str, float]] = {}
    changes: dict[Slice, dict[str, float]] = {}
    for found in tfma.load_metrics(str(evaluation)):
        where = _slice_of(found.slice_key)
        metrics[where], changes[where] = {}, {}
        for entry in found.metric_keys_and_values:
            if _is_whole(entry.key):
                target = changes if entry.key.is_diff else metrics
                target[where][entry.key.name] = entry.value.double_value.value
    return Results(metrics, {where: found for where, found in changes.items() if found}, tuple(_failures(evaluation)))


def _is_whole(key: metrics_for_slice_pb2.MetricKey) -> bool:
    """Tell the candidate's metric over all classes from that of one class and from the baseline's."""
    return key.model_name in {"", tfma.CANDIDATE_KEY} and not key.HasField("sub_key") and not key.name.startswith("_")


def _failures(evaluation: Path) -> Iterator[Failure]:
    for validation in tfma.load_validation_result(str(evaluation)).metric_validations_per_slice:
        for failure in validation.failures:
            value = failure.metric_value.double_value.value if failure.HasField("metric_value") else None
            threshold = failure.metric_threshold
            yield Failure(
                metric=failure.metric_key.name,
                where=_slice_of(validation.slice_key),
                change=threshold.HasField("change_threshold"),
                value=value,
                bound=_bound_of(threshold),
            )


def _bound_of(threshold: config_pb2.MetricThreshold) -> float:
    """Return the only bound that a threshold of ours has."""
    if threshold.HasField("change_threshold"):
        return float(threshold.change_threshold.absolute.value)
    bounds = threshold.value_threshold
    return float(bounds.lower_bound.value if bounds.HasField("lower_bound") else bounds.upper_bound.value)


def _slice_of(key: metrics_for_slice_pb2.SliceKey) -> Slice:
    return tuple((column, str(value)) for column, value in tfma.slicer.slicer_lib.deserialize_slice_key(key))
