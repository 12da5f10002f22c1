"""What ExampleValidator found, as findings."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2

from components.blessing import Finding
from components.data_gate.feature_rule import rule_text
from components.data_gate.leakage import LISTED

RowsBreaking = Callable[[schema_pb2.Feature], Sequence[int]]
_TEXT = 300  # characters of TFDV's description that a finding repeats


@dataclass(frozen=True)
class JudgedSplit:
    """The split that is judged.

    Args:
        split: its name.
        examples: how many it has.
        rows_breaking: returns all manifest rows that break a feature's rule.
        tolerated: share of its examples that may break one rule.
    """

    split: str
    examples: int
    rows_breaking: RowsBreaking
    tolerated: float = 0.0


def judge_anomalies(anomalies: anomalies_pb2.Anomalies, schema: schema_pb2.Schema, judged: JudgedSplit) -> Iterator[Finding]:
    """Yield a finding per anomaly of a split; it refuses unless its rows are known and no more than tolerated.

    Args:
        anomalies: ExampleValidator's word on the split.
        schema: that it was held against.
        judged: the split.
    """
    features = {feature.name: feature for feature in schema.feature}
    for name, anomaly in sorted(anomalies.anomaly_info.items()):
        feature = features.get(name)
        rows = judged.rows_breaking(feature) if feature else ()
        yield Finding(
            rule=f"schema: {_short(anomaly)}",
            subject=f"feature {name}, {judged.split}",
            expected=rule_text(feature, schema) if feature else "a feature that the schema names",
            found=anomaly.description[:_TEXT] + _counted(rows, judged),
            refuses=not 0 < len(rows) <= judged.tolerated * judged.examples,
            rows=tuple(rows[:LISTED]),
            advice="Exclude these rows from the manifest or repair their files.",
        )
    if anomalies.HasField("dataset_anomaly_info"):
        whole = anomalies.dataset_anomaly_info
        yield Finding(f"schema: {_short(whole)}", f"{judged.split} as a whole", "as the schema says", whole.description[:_TEXT])


def _counted(rows: Sequence[int], judged: JudgedSplit) -> str:
    if not rows:
        return ""
    tolerated = f"; data.tolerated_anomalies is {judged.tolerated:g}" if judged.tolerated else ""
    return f" ({len(rows):,} of {judged.examples:,} examples{tolerated})"


def _short(anomaly: anomalies_pb2.AnomalyInfo) -> str:
    return anomaly.short_description or ", ".join(sorted(reason.short_description for reason in anomaly.reason))
