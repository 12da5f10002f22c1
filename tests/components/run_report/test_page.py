"""The whole page: what it needs, what it hides, and that a browser shows it."""

import logging
import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from types import ModuleType

import pytest

from components.run_report import page as page_module
from components.run_report.page import SECTIONS, count, figure, percent, render, seconds
from components.run_report.report_data import ReportData, read
from components.run_report.run_facts import RunFacts
from components.run_report.section import Section
from pipeline.config import Config

HEADINGS = (
    "Verdict",
    "Data",
    "Leakage",
    "Label by metadata alone",
    "Drift against the last accepted data",
    "Performance",
    "Curves",
    "Confusion matrix",
    "Mistakes",
    "Training",
    "What exactly ran",
)
VOID = {"meta", "link", "img", "br", "rect", "path", "use"}


class Outline(HTMLParser):
    """Collects what a page refers to and whether its elements are closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.references: list[str] = []
        self.tags: set[str] = set()
        self.open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.ids += [value or "" for name, value in attrs if name == "id"]
        self.references += [
            value or "" for name, value in attrs if name in ("src", "href", "xlink:href", "srcset", "data", "action")
        ]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag


@pytest.fixture
def browse(tmp_path: Path, load_test_module: Callable[[str], ModuleType]) -> Callable[[str], str]:
    """Return a function that opens a page in a browser without network and returns the document that it made."""
    browser = shutil.which("chromium")
    if browser is None:
        pytest.skip("chromium is absent: apt-get install chromium")

    options = [*load_test_module("serving/chromium.py").QUIET, "--host-resolver-rules=MAP * ~NOTFOUND"]

    def open_page(page: str) -> str:
        (tmp_path / "report.html").write_text(page)
        command = [
            browser,
            *options,
            f"--user-data-dir={tmp_path / 'profile'}",
            "--dump-dom",
            f"file://{tmp_path / 'report.html'}",
        ]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout

    return open_page


def test_page_refers_to_nothing_but_itself(page: str) -> None:
    references = Outline(page).references
    assert [found for found in references if not found.startswith(("#", "data:"))] == []
    assert not re.findall(r"@import|url\((?!#)", page)


def test_every_fragment_leads_somewhere_and_ids_are_unique(page: str) -> None:
    outline = Outline(page)
    assert {found[1:] for found in outline.references if found.startswith("#")} <= set(outline.ids)
    assert len(outline.ids) == len(set(outline.ids))


def test_page_has_no_script_and_closes_what_it_opens(page: str) -> None:
    outline = Outline(page)
    assert "script" not in outline.tags
    assert outline.open == []


def test_page_is_small_and_its_bytes_are_reproducible(page: str, data: ReportData) -> None:
    assert len(page.encode()) < 2_000_000
    assert render(data) == page


def test_page_shows_no_path(page: str, artifacts: dict[str, str]) -> None:
    assert "/secret/place" not in page
    assert [uri for uri in artifacts.values() if uri in page] == []


def test_page_shows_keys_by_twelve_characters_only(page: str, data: ReportData) -> None:
    assert data.test is not None
    keys = {*data.test.image_keys.tolist(), *data.test.patients.tolist()}
    assert [key for key in keys if key in page] == []


def test_names_from_the_configuration_are_escaped(data: ReportData) -> None:
    nasty = '<script>alert("$x$")</script>'
    classes = (nasty, *data.config.data.classes[1:])
    config = data.config.model_copy(update={"data": data.config.data.model_copy(update={"classes": classes})})
    scores = {kind: replace(found, classes=data.config.data.classes) for kind, found in (data.scores or {}).items()}
    page = render(replace(data, config=config, scores=scores))
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_a_run_without_artifacts_has_a_page_that_says_why(config: Config) -> None:
    page = render(read({}, config, RunFacts(run_id="1", verdict="failed", reason="Trainer ran out of memory.")))
    assert "Trainer ran out of memory." in page
    assert page.count("The run failed before this was made.") == 10
    assert Outline(page).open == []


@pytest.mark.parametrize(
    "name", ["account", "statistics", "anomalies", "leakage_proof", "predictions", "evaluation", "model_run", "examples"]
)
def test_any_input_may_be_missing(name: str, artifacts: dict[str, str], config: Config, facts: RunFacts) -> None:
    left = {key: uri for key, uri in artifacts.items() if key != name}
    assert "<h1>demo</h1>" in render(read(left, config, facts))


def test_an_empty_artifact_counts_as_missing(tmp_path: Path, artifacts: dict[str, str], config: Config, facts: RunFacts) -> None:
    data = read(dict.fromkeys(artifacts, str(tmp_path)), config, facts)
    assert (data.account, data.statistics, data.leakage) == (None, None, None)
    assert (data.scores, data.evaluation, data.history) == (None, None, None)


def fail(data: ReportData) -> Section:
    raise ValueError("/secret/place/file is broken")


def template_fails(data: ReportData) -> Section:
    return Section("training", "Training", "training.html.j2")


@pytest.mark.parametrize("broken", [fail, template_fails])
@pytest.mark.parametrize("anchor", SECTIONS)
def test_a_broken_section_does_not_lose_the_report(
    anchor: str,
    broken: Callable[[ReportData], Section],
    data: ReportData,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    few = {name: (lambda _, name=name: Section(name, name, "absent.html.j2", absent="whole")) for name in SECTIONS}
    monkeypatch.setattr(page_module, "SECTIONS", {**few, anchor: broken})
    page = render(data)
    assert f'<section id="{anchor}" class="slim"' in page
    assert (page.count("This section could not be made"), page.count("whole")) == (1, len(SECTIONS) - 1)
    assert "/secret/place" not in page
    assert Outline(page).open == []
    (logged,) = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert (logged.args, logged.exc_info is not None) == ((anchor,), True)


def test_a_browser_without_network_shows_every_heading(page: str, browse: Callable[[str], str]) -> None:
    document = browse(page)
    headings = re.findall(r"<h2[^>]*>([^<]+)</h2>", document)
    assert set(HEADINGS) <= set(headings)
    assert document.count("<svg") == page.count("<svg")


def test_numbers_are_written_for_people() -> None:
    assert [count(1234567), figure(0.98765)] == ["1\u202f234\u202f567", "0.988"]
    assert [figure(None), figure(float("nan")), percent(float("nan"))] == ["\u2013", "\u2013", "\u2013"]
    assert [seconds(2.25), seconds(75.2), seconds(3725)] == ["2.2\u202fs", "1\u202fmin 15\u202fs", "1\u202fh 2\u202fmin"]
