"""How the model learned."""

from collections.abc import Callable
from dataclasses import replace

from components.run_report.report_data import ReportData
from components.run_report.training import section

Show = Callable[[str, ReportData], str]


def test_the_kept_epoch_is_named_with_its_figures(data: ReportData) -> None:
    values = section(data).values
    assert values["best"]["epoch"] == 11  # type: ignore[index]
    assert values["steps"] == 120


def test_a_resumed_training_says_so(data: ReportData, show: Show) -> None:
    history = {**(data.history or {}), "resumed_from_step": 40}
    assert "resumed at step 40 after an interruption" in show("training", replace(data, history=history))


def test_a_training_without_an_epoch_has_no_curves(data: ReportData) -> None:
    history = {**(data.history or {}), "epochs": []}
    assert section(replace(data, history=history)).values["figures"] == []
