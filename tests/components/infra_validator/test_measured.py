"""From figures to findings."""

import json
from pathlib import Path

import pytest

from components.infra_validator.measured import MEASURED_FILE, Measured, judge, measured, serving_in_words, write_measured
from pipeline.config import Budget

FOUND = Measured(p50_ms=4.0, p95_ms=9.5, memory_mb=700.0)


def test_figures_are_median_percentile_and_memory() -> None:
    assert measured([*range(1, 101)], 12.34) == Measured(50.5, 95.05, 12.3)


@pytest.mark.parametrize(
    ("budget", "over"),
    [
        (Budget(), []),
        (Budget(p50_ms=4.0, p95_ms=9.5, memory_mb=700.0), []),
        (Budget(p50_ms=3.99), ["serving.budget.p50_ms"]),
        (Budget(p95_ms=9.0, memory_mb=699.0), ["serving.budget.p95_ms", "serving.budget.memory_mb"]),
    ],
)
def test_figure_over_its_bound_alone_refuses(budget: Budget, over: list[str]) -> None:
    findings = judge(FOUND, budget)
    assert [finding.rule for finding in findings if finding.refuses] == over
    assert len(findings) == 3


def test_figure_that_is_no_number_is_over_every_bound() -> None:
    nan = Measured(float("nan"), float("nan"), float("nan"))
    assert all(finding.refuses for finding in judge(nan, Budget(p50_ms=1e9, p95_ms=1e9, memory_mb=1e9)))


def test_refusal_tells_figure_bound_and_what_to_do() -> None:
    refusal = next(finding for finding in judge(FOUND, Budget(memory_mb=600)) if finding.refuses)
    assert (refusal.found, refusal.expected) == ("700 MiB", "at most 600 MiB")
    assert "smaller model" in refusal.advice


def test_written_figures_are_told_in_words(tmp_path: Path) -> None:
    write_measured(FOUND, tmp_path)
    words = serving_in_words(json.loads((tmp_path / MEASURED_FILE).read_text()))
    assert words == "median 4 ms, 95th percentile 9.5 ms for one image; server's peak memory 700 MiB"
