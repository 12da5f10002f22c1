"""Distances with their bounds, and figures of what has moved."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from components.data_gate.drift import Drift
from components.run_report.drift import section
from components.run_report.page import drawn, environment
from components.run_report.report_data import ReportData, read_earlier
from pipeline.config import DriftBounds


def with_bounds(data: ReportData, **bounds: Any) -> ReportData:
    """Return the run as if it had been asked for these bounds."""
    own = data.config.data.model_copy(update={"drift": DriftBounds(**bounds)})
    return replace(data, config=data.config.model_copy(update={"data": own}))


def html(data: ReportData) -> str:
    return str(drawn(environment(), data, "drift")[1])


def test_every_distance_stands_beside_its_bound(data: ReportData) -> None:
    lines = section(data).values["lines"]
    assert isinstance(lines, list)
    assert [(line["column"], line["value"], line["bound"], line["far"]) for line in lines] == [
        ("label", 0.02, 0.2, False),
        ("site", 0.48, 0.2, True),
        ("mean", 0.97, 0.15, True),
    ]
    assert "Not compared: sex; it was no slice then." in html(data)


@pytest.mark.parametrize(
    ("bounds", "tone", "words"),
    [
        ({}, "wait", "2 of 3 columns lie farther than their bounds"),
        ({"l_infinity": 0.5}, "wait", "1 of 3 columns lies farther than its bound"),
        ({"refuse": True}, "bad", "The data were refused."),
        ({"l_infinity": 0.48, "jensen_shannon": 0.97, "refuse": True}, "good", "No drift is shown"),
    ],
)
def test_tone_follows_the_bounds(data: ReportData, bounds: dict[str, Any], tone: str, words: str) -> None:
    asked = with_bounds(data, **bounds)
    assert section(asked).values["tone"] == tone
    assert words in html(asked)


def test_what_lies_too_far_is_drawn_then_and_now(data: ReportData) -> None:
    labels = re.findall(r'<svg [^>]*aria-label="([^"]*)"', html(data))
    assert labels == [
        "site, shares in last accepted, now: north, south",
        "mean brightness, 0 to 1, distributions: last accepted, now",
    ]


def test_earlier_statistics_that_are_gone_leave_the_table(data: ReportData) -> None:
    without = replace(data, earlier_statistics=None)
    assert section(without).values["figures"] == []
    assert "0.970" in html(without)


@pytest.mark.parametrize("content", [b"\xff no protobuf", None])
def test_earlier_statistics_that_are_damaged_or_gone_are_none(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "Split-train").mkdir()
        (tmp_path / "Split-train" / "FeatureStats.pb").write_bytes(content)
    assert read_earlier(str(tmp_path)) is None


@pytest.mark.parametrize(
    ("drift", "words"),
    [
        (Drift(None, not_judged="no earlier accepted data"), "There are no earlier accepted data to compare with."),
        (Drift("run-1", not_judged="it is gone"), "Not compared with the last accepted data, ingested by run run-1: it is gone."),
        (None, "Nobody looked whether the data have drifted."),
    ],
)
def test_what_was_not_judged_says_why(data: ReportData, drift: Drift | None, words: str) -> None:
    assert section(replace(data, drift=drift)).absent.startswith(words)


def test_run_without_a_column_in_common_says_so(data: ReportData) -> None:
    assert "No column can be compared with" in html(replace(data, drift=Drift("run-1")))
