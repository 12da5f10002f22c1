"""What ExampleValidator found, as findings."""

from collections.abc import Callable, Iterator

from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2

from components.blessing import Finding
from components.data_gate.feature_rule import rule_text

RowsBreaking = Callable[[schema_pb2.Feature], tuple[int, ...]]
_TEXT = 300  # characters of TFDV's description that a finding repeats


def judge_anomalies(
    anomalies: anomalies_pb2.Anomalies, schema: schema_pb2.Schema, *, split: str, rows_breaking: RowsBreaking
) -> Iterator[Finding]:
    """Yield a finding per anomaly of a split.

    Args:
        anomalies: ExampleValidator's word on the split.
        schema: the curated schema.
        split: its name.
        rows_breaking: returns the manifest rows that break a feature's rule.
    """
    features = {feature.name: feature for feature in schema.feature}
    for name, anomaly in sorted(anomalies.anomaly_info.items()):
        feature = features.get(name)
        yield Finding(
            rule=f"schema: {_short(anomaly)}",
            subject=f"feature {name}, {split}",
            expected=rule_text(feature, schema) if feature else "a feature that the schema names",
            found=anomaly.description[:_TEXT],
            rows=rows_breaking(feature) if feature else (),
            advice="Exclude these rows from the manifest or repair their files.",
        )
    if anomalies.HasField("dataset_anomaly_info"):
        whole = anomalies.dataset_anomaly_info
        yield Finding(f"schema: {_short(whole)}", f"{split} as a whole", "as the schema says", whole.description[:_TEXT])


def _short(anomaly: anomalies_pb2.AnomalyInfo) -> str:
    return anomaly.short_description or ", ".join(sorted(reason.short_description for reason in anomaly.reason))
