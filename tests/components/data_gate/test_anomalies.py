import pandas as pd
import pytest
import tensorflow_data_validation as tfdv
from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2

from components.blessing import Finding
from components.data_gate.anomalies import JudgedSplit, RowsBreaking, judge_anomalies

SCHEMA = schema_pb2.Schema(
    feature=[
        schema_pb2.Feature(name="site", type=schema_pb2.BYTES, string_domain=schema_pb2.StringDomain(value=["north", "south"])),
        schema_pb2.Feature(name="mean", type=schema_pb2.FLOAT, float_domain=schema_pb2.FloatDomain(min=0.25, max=1.0)),
    ]
)
for feature in SCHEMA.feature:
    feature.presence.min_fraction = 1.0
    feature.shape.dim.add(size=1)


def no_rows(_: schema_pb2.Feature) -> tuple[int, ...]:
    return ()


def judge(found: anomalies_pb2.Anomalies, rows_breaking: RowsBreaking = no_rows, *, tolerated: float = 0.0) -> list[Finding]:
    return list(judge_anomalies(found, SCHEMA, JudgedSplit("val", 100, rows_breaking, tolerated)))


def validated(schema: schema_pb2.Schema = SCHEMA, **changed: list[object]) -> anomalies_pb2.Anomalies:
    """Return TFDV's word on four examples, good but for what is changed."""
    frame = pd.DataFrame({"site": ["north", "south"] * 2, "mean": [0.5] * 4} | changed)
    return tfdv.validate_statistics(tfdv.generate_statistics_from_dataframe(frame, n_jobs=1), schema)


def anomaly(short: str = "", description: str = "", reasons: tuple[str, ...] = ()) -> anomalies_pb2.AnomalyInfo:
    told = [anomalies_pb2.AnomalyInfo.Reason(short_description=reason) for reason in reasons]
    return anomalies_pb2.AnomalyInfo(short_description=short, description=description, reason=told)


def test_data_that_keep_the_schema_give_no_finding() -> None:
    assert judge(validated()) == []


@pytest.mark.parametrize(
    ("changed", "subject", "expected", "found"),
    [
        ({"site": ["north", "east", "north", "north"]}, "feature site, val", "one of north, south", "east"),
        ({"mean": [0.1, 0.5, 0.5, 0.5]}, "feature mean, val", "0.25 to 1", "0.1"),
        ({"extra": [1, 2, 3, 4]}, "feature extra, val", "a feature that the schema names", "New column"),
    ],
    ids=["out of the domain", "out of the limits", "unknown to the schema"],
)
def test_anomaly_says_feature_split_rule_and_what_was_found(
    changed: dict[str, list[object]], subject: str, expected: str, found: str
) -> None:
    (finding,) = judge(validated(**changed))
    assert finding.refuses
    assert (finding.subject, finding.expected) == (subject, expected)
    assert found in finding.found


def test_rows_are_those_that_break_the_anomalous_features_rule() -> None:
    rows = {"site": (3, 5), "mean": (7,)}
    findings = judge(validated(mean=[0.1, 0.5, 0.5, 0.5]), lambda feature: rows[feature.name])
    assert [finding.rows for finding in findings] == [(7,)]


@pytest.mark.parametrize(("rows", "tolerated", "refuses"), [(2, 0.0, True), (2, 0.02, False), (3, 0.02, True), (0, 0.02, True)])
def test_anomaly_of_few_rows_is_named_and_tolerated_only_as_configured(rows: int, tolerated: float, refuses: bool) -> None:
    (finding,) = judge(validated(mean=[0.1, 0.5, 0.5, 0.5]), lambda _: tuple(range(rows)), tolerated=tolerated)
    assert (finding.refuses, finding.rows) == (refuses, tuple(range(rows)))


def test_all_breaking_rows_are_counted_and_the_first_are_listed() -> None:
    (finding,) = judge(validated(mean=[0.1, 0.5, 0.5, 0.5]), lambda _: tuple(range(30)))
    assert finding.found.endswith(" (30 of 100 examples)")
    assert finding.rows == tuple(range(20))


def test_no_rows_are_sought_for_a_feature_that_the_schema_does_not_name() -> None:
    sought: list[str] = []
    (finding,) = judge(validated(extra=[1, 2, 3, 4]), lambda feature: (sought.append(feature.name), (1,))[1])
    assert (sought, finding.rows) == ([], ())


def test_findings_are_in_the_order_of_the_features_names() -> None:
    found = anomalies_pb2.Anomalies(anomaly_info={name: anomaly("wrong") for name in ("site", "mean", "age")})
    assert [finding.subject for finding in judge(found)] == ["feature age, val", "feature mean, val", "feature site, val"]


def test_rule_is_tfdvs_short_description() -> None:
    found = anomalies_pb2.Anomalies(anomaly_info={"site": anomaly("Unexpected string values", reasons=("other",))})
    assert [finding.rule for finding in judge(found)] == ["schema: Unexpected string values"]


def test_rule_is_the_reasons_where_tfdv_gives_no_short_description() -> None:
    found = anomalies_pb2.Anomalies(anomaly_info={"site": anomaly(reasons=("too many", "missing"))})
    assert [finding.rule for finding in judge(found)] == ["schema: missing, too many"]


def test_long_description_is_cut() -> None:
    found = anomalies_pb2.Anomalies(anomaly_info={"site": anomaly("wrong", description="x" * 301)})
    assert [finding.found for finding in judge(found)] == ["x" * 300]


def test_anomaly_of_the_whole_split_is_a_finding() -> None:
    schema = schema_pb2.Schema()
    schema.CopyFrom(SCHEMA)
    schema.dataset_constraints.min_examples_count = 5
    (finding,) = judge(validated(schema))
    assert finding.refuses
    assert (finding.rule, finding.subject) == ("schema: Low num examples in dataset.", "val as a whole")
    assert "4 examples" in finding.found
