"""The verdict and its reasons."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from components.blessing import Finding
from components.run_report.report_data import Blessing, ReportData
from components.run_report.run_facts import RunFacts
from components.run_report.verdict import STEPS, WORDS, section
from pipeline.verdict import Verdict

Show = Callable[[str, ReportData], str]

BROKEN = Finding(
    "gate.rules", "sensitivity of nodule", "at least 0.9", "0.71; 0.19 too low", rows=(17, 23), advice="Add patients."
)


def with_verdict(data: ReportData, verdict: Verdict, **blessings: Blessing) -> ReportData:
    return replace(data, facts=RunFacts(run_id="1", verdict=verdict), blessings=blessings)


def test_every_verdict_has_words() -> None:
    assert set(WORDS) == set(Verdict)


@pytest.mark.parametrize("verdict", Verdict)
def test_every_verdict_is_shown(verdict: Verdict, data: ReportData, show: Show) -> None:
    assert WORDS[verdict][1] in show("verdict", with_verdict(data, verdict))


def test_reasons_of_a_refusal_come_with_rule_figures_rows_and_advice(data: ReportData, show: Show) -> None:
    refused = with_verdict(data, "model_refused", model_blessing=Blessing("model_refused", (BROKEN,)))
    page = show("verdict", refused)
    for words in ("gate.rules", "at least 0.9", "0.71; 0.19 too low", "17, 23", "Add patients."):
        assert words in page


def test_findings_that_hold_stand_apart(data: ReportData) -> None:
    held = replace(BROKEN, refuses=False)
    values = section(with_verdict(data, "model_refused", model_blessing=Blessing("model_refused", (held, BROKEN)))).values
    assert values["refusing"] == [("Model gates", BROKEN)]
    assert values["other"] == [("Model gates", held)]


def test_gates_after_a_refusal_were_not_reached(data: ReportData) -> None:
    steps = section(with_verdict(data, "data_refused", data_blessing=Blessing("data_refused", ()))).values["steps"]
    assert [word for _, _, word in steps] == ["refused", "not reached", "not reached", "not done"]  # type: ignore[attr-defined]
    assert len(STEPS) == 3
