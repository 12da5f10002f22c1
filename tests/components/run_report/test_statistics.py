"""Distributions and anomalies as TFDV wrote them."""

import re
from collections.abc import Callable
from dataclasses import replace

from tensorflow_metadata.proto.v0 import anomalies_pb2

from components.run_report.report_data import ReportData
from components.run_report.statistics import section

Show = Callable[[str, ReportData], str]


def test_splits_stand_in_their_order(data: ReportData) -> None:
    assert section(data).values["splits"] == ["train", "val", "test"]


def test_a_property_with_one_value_takes_one_line(data: ReportData) -> None:
    properties = dict(section(data).values["properties"])  # type: ignore[call-overload]
    (width,) = properties["width of the source, pixels"]
    assert (width["split"], width["median"]) == ("train, val, test", 64)
    assert len(properties["mean brightness, 0 to 1"]) == 3


def test_shares_of_a_slice_column_sum_to_one_in_each_split(data: ReportData) -> None:
    columns = dict(section(data).values["columns"])  # type: ignore[call-overload]
    shares = [[share for _, share in cells] for _, cells in columns["sex"]["lines"]]
    assert [round(sum(split), 9) for split in zip(*shares, strict=True)] == [1, 1, 1]


def test_anomalies_name_feature_split_and_rule(data: ReportData, show: Show) -> None:
    found = anomalies_pb2.Anomalies()
    found.anomaly_info["site"].short_description = "Unexpected string values"
    found.anomaly_info["site"].description = "Examples contain values missing from the schema: east (<1%)."
    page = show("statistics", replace(data, anomalies={"val": found}))
    assert "Unexpected string values" in page
    assert "east (&lt;1%)" in page
    assert "None: every split agrees with the schema." not in page


def test_label_and_every_slice_column_are_drawn_by_split(data: ReportData) -> None:
    shares = section(data).values["shares"]
    assert isinstance(shares, list)
    assert [re.findall(r'aria-label="(\w+), shares', drawn) for drawn in shares] == [["label"], ["sex"], ["site"]]
