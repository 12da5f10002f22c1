"""The summary for programs."""

import json
from dataclasses import replace

from components.blessing import Finding
from components.run_report.report_data import Blessing, ReportData
from components.run_report.summary import summary


def test_summary_holds_findings_counts_and_the_interval(data: ReportData) -> None:
    finding = Finding("gate.rules", "sensitivity of nodule", "at least 0.9", "0.71")
    content = json.loads(summary(replace(data, blessings={"model_blessing": Blessing("model_refused", (finding,))})))
    assert content["gates"]["model_blessing"]["findings"][0]["rule"] == "gate.rules"
    assert content["test"]["patients_right"]["lower"] < content["test"]["patients_right"]["upper"]
    assert content["data"]["quarantined"] == {"truncated": 1, "unknown_label": 1}


def test_summary_of_an_empty_run_says_only_what_is_known(data: ReportData) -> None:
    content = json.loads(summary(ReportData(data.config, data.facts)))
    assert (content["data"], content["test"], content["gates"]) == (None, None, {})
