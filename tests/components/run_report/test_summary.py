"""The summary for programs."""

import json
from dataclasses import replace

import pytest

from components.blessing import Finding
from components.image_example_gen.row_number import row_number
from components.run_report.report_data import Blessing, QuarantinedRow, ReportData
from components.run_report.summary import strict, summary


def test_summary_holds_findings_counts_and_the_interval(data: ReportData) -> None:
    finding = Finding("gate.rules", "sensitivity of nodule", "at least 0.9", "0.71")
    content = json.loads(summary(replace(data, blessings={"model_blessing": Blessing("model_refused", (finding,))})))
    assert content["gates"]["model_blessing"]["findings"][0]["rule"] == "gate.rules"
    assert content["test"]["patients_right"]["lower"] < content["test"]["patients_right"]["upper"]
    assert content["data"]["quarantined"] == {"truncated": 1, "unknown_label": 1}


def test_rows_have_a_number_and_a_name(data: ReportData) -> None:
    finding = Finding("data.patient", "patients", "one split", "two", rows=(17, row_number(12, 17)))
    lost = QuarantinedRow(row_number(3, 4), "f", "truncated")
    told = json.loads(summary(replace(data, blessings={"data_blessing": Blessing("x", (finding,))}, quarantined=(lost,))))
    assert told["gates"]["data_blessing"]["findings"][0]["row_names"] == ["row 17", "span 12, row 17"]
    assert told["quarantine"][0]["name"] == "span 3, row 4"


def test_summary_of_an_empty_run_says_only_what_is_known(data: ReportData) -> None:
    content = json.loads(summary(ReportData(data.config, data.facts)))
    assert (content["data"], content["test"], content["gates"]) == (None, None, {})


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_is_null_wherever_it_stands(value: float) -> None:
    assert strict({"a": (value, 1.5), "b": [{"c": value}], "d": 2}) == {"a": [None, 1.5], "b": [{"c": None}], "d": 2}
