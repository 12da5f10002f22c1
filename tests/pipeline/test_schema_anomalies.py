from pipeline.curated_schema import schema_for
from pipeline.schema_anomalies import anomalies_of


def test_good_data_have_no_anomaly(measured) -> None:
    assert anomalies_of(measured(), schema_for(["ill", "well"], ["site"])) == []


def test_each_anomaly_is_a_line_with_split_feature_and_bound(measured) -> None:
    (line,) = anomalies_of(measured(mean=[0.5] * 39 + [1.0]), schema_for(["ill", "well"], ["site"]))
    assert "train" in line
    assert "mean" in line
    assert "0.99" in line
