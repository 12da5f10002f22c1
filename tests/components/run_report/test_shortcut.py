from dataclasses import replace

import pytest

from components.data_gate.resampled_auc import Area
from components.data_gate.shortcut import Shortcut
from components.run_report.page import drawn, environment
from components.run_report.report_data import ReportData
from components.run_report.shortcut import section, tone
from pipeline.config import ShortcutBounds


def test_every_column_stands_under_the_sum_with_its_interval(data: ReportData) -> None:
    lines = section(data).values["lines"]
    assert isinstance(lines, list)
    assert [line["subject"] for line in lines] == ["all together", "site", "sex"]
    assert lines[0]["interval"] == (0.66, 0.78)
    _, html = drawn(environment(), data, "shortcut")
    assert "0.660 to 0.780" in html


@pytest.mark.parametrize(
    ("warn_above", "refuse_above", "expected", "words"),
    [
        (0.66, None, "good", "No shortcut is shown"),
        (0.6, 0.66, "wait", "begins above 0.60"),
        (0.6, 0.65, "bad", "The data were refused."),
    ],
)
def test_tone_follows_the_bounds(
    data: ReportData, warn_above: float, refuse_above: float | None, expected: str, words: str
) -> None:
    bounds = ShortcutBounds(warn_above=warn_above, refuse_above=refuse_above)
    assert tone(Area("all together", 0.7, 0.66, 0.78), bounds) == expected
    own = data.config.data.model_copy(update={"shortcut": bounds})
    _, html = drawn(environment(), replace(data, config=data.config.model_copy(update={"data": own})), "shortcut")
    assert words in html


def test_what_was_not_judged_says_why(data: ReportData) -> None:
    few = Shortcut(9, 3, not_judged="class nodule has 2 patients")
    assert section(replace(data, shortcut=few)).absent == "Not judged: class nodule has 2 patients."


def test_missing_measure_says_so(data: ReportData) -> None:
    assert section(replace(data, shortcut=None)).absent.startswith("Nobody looked")
