"""Sections without content."""

from dataclasses import replace

import pytest

from components.run_report.report_data import ReportData
from components.run_report.run_facts import RunFacts
from components.run_report.section import absent
from pipeline.verdict import Verdict


@pytest.mark.parametrize("verdict", Verdict)
def test_an_absent_section_says_what_it_lacks_and_why(verdict: Verdict, data: ReportData) -> None:
    missing = absent(replace(data, facts=RunFacts(run_id="1", verdict=verdict)), "a", "A", lacks="There is no a.")
    assert missing.absent.startswith("There is no a. The ")
    assert missing.absent.endswith(".")
