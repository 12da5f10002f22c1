from dataclasses import replace
from pathlib import Path

import pytest

from components.data_gate.resampled_auc import Area
from components.data_gate.shortcut import Shortcut, judge_shortcut, read_shortcut, write_shortcut

FOUND = Shortcut(600, 150, Area("all together", 0.8, 0.7, 0.9), (Area("site", 0.78, 0.68, 0.88), Area("sex", 0.5, 0.45, 0.55)))


@pytest.mark.parametrize(
    ("warn_above", "refuse_above", "rule", "refuses", "advises"),
    [
        (0.7, None, "data.shortcut.warn_above", False, False),
        (0.69, None, "data.shortcut.warn_above", False, True),
        (0.6, 0.7, "data.shortcut.warn_above", False, True),
        (0.6, 0.69, "data.shortcut.refuse_above", True, True),
    ],
)
def test_lower_end_is_compared_with_the_bound(
    warn_above: float, refuse_above: float | None, rule: str, refuses: bool, advises: bool
) -> None:
    finding = judge_shortcut(FOUND, warn_above=warn_above, refuse_above=refuse_above)
    assert (finding.rule, finding.refuses, bool(finding.advice)) == (rule, refuses, advises)
    assert finding.expected == f"AUC whose 95% interval begins at {refuse_above if refuses else warn_above} or below"


def test_finding_names_area_interval_and_the_column_that_tells_most() -> None:
    finding = judge_shortcut(FOUND, warn_above=0.6, refuse_above=0.65)
    assert finding.found == ("AUC 0.800 (0.700 to 0.900), 600 images of 150 patients; most by site: AUC 0.780 (0.680 to 0.880)")
    assert "learn site instead of the disease" in finding.advice
    assert finding.advice.endswith("raise data.shortcut.refuse_above.")


def test_what_can_not_be_judged_never_refuses_and_says_why() -> None:
    finding = judge_shortcut(Shortcut(9, 3, not_judged="class ill has 2 patients"), warn_above=0.0, refuse_above=0.0)
    assert not finding.refuses
    assert finding.found == "not judged: class ill has 2 patients"


@pytest.mark.parametrize("shortcut", [FOUND, replace(FOUND, together=None, columns=(), not_judged="too few")])
def test_written_areas_are_read_again(shortcut: Shortcut, tmp_path: Path) -> None:
    write_shortcut(tmp_path, shortcut)
    assert read_shortcut(tmp_path) == shortcut
