"""The leakage proof on the page."""

from collections.abc import Callable
from dataclasses import replace

from components.run_report.leakage import SHOWN, pairs, section
from components.run_report.report_data import ReportData

Show = Callable[[str, ReportData], str]


def test_every_rule_stands_with_its_verdict_and_what_was_compared(data: ReportData, show: Show) -> None:
    values = section(data).values
    rules = values["rules"]
    assert [word for _, _, word, _ in rules] == ["broken", "not compared", "accepted by the configuration", "broken"]  # type: ignore[attr-defined]
    assert (values["broken"], values["open"]) == (2, 1)
    page = show("leakage", data)
    assert "The splits are not apart" in page
    assert "of run 20260101T000000-aaaa" in page


def test_near_repeats_are_shown_as_pairs_of_pictures(data: ReportData) -> None:
    (pair,) = section(data).values["pairs"]  # type: ignore[misc]
    assert pair.first.source.startswith("data:image/png;base64,")
    assert pair.second.source.startswith("data:image/png;base64,")
    assert pair.first.source != pair.second.source
    assert (pair.first.place.split, pair.second.place.split, pair.distance, pair.more) == ("test", "train", 3, 1)


def test_pictures_that_are_not_there_leave_blanks(data: ReportData) -> None:
    (pair,) = section(replace(data, examples=None)).values["pairs"]  # type: ignore[misc]
    assert (pair.first.source, pair.second.source) == ("", "")


def test_most_alike_pairs_are_shown_when_there_are_many(data: ReportData) -> None:
    assert data.leakage is not None
    near = data.leakage[2]
    many = replace(near, leaks=near.leaks * (SHOWN + 3))
    values = section(replace(data, leakage=(many,))).values
    assert (len(values["pairs"]), values["near"]) == (SHOWN, SHOWN + 3)  # type: ignore[arg-type]
    assert pairs([], data.examples) == []


def test_proof_without_leaks_says_that_no_rule_is_broken(data: ReportData, show: Show) -> None:
    assert data.leakage is not None
    held = replace(data.leakage[0], verdict="holds", leaks=(), advice="")
    page = show("leakage", replace(data, leakage=(held,)))
    assert "No rule is broken" in page
    assert "which proves nothing" not in page
    assert "<h3>Nearly identical images</h3>" not in page
