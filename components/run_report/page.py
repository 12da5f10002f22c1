"""The page: sections in reading order, put together by templates."""

import logging
from collections.abc import Callable, Mapping
from functools import cache
from math import isfinite
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from components.image_example_gen.row_number import row_name, rows_in_words
from components.run_report import (
    confusion,
    curves,
    data_account,
    drift,
    leakage,
    mistakes,
    performance,
    provenance,
    shortcut,
    statistics,
    training,
    verdict,
)
from components.run_report.report_data import ReportData
from components.run_report.section import Section

TEMPLATES = Path(__file__).parent / "templates"
SECTIONS: Mapping[str, Callable[[ReportData], Section]] = {  # by anchor, in reading order
    "verdict": verdict.section,
    "data": data_account.section,
    "leakage": leakage.section,
    "shortcut": shortcut.section,
    "drift": drift.section,
    "performance": performance.section,
    "curves": curves.section,
    "confusion": confusion.section,
    "mistakes": mistakes.section,
    "training": training.section,
    "statistics": statistics.section,
    "provenance": provenance.section,
}
NONE = "\N{EN DASH}"

logger = logging.getLogger(__name__)


def render(data: ReportData) -> str:
    """Return the page, one HTML document that needs no other file."""
    templates = environment()
    shown = {
        "config": data.config,
        "word": verdict.WORDS[data.facts.verdict][1],
        "sections": [drawn(templates, data, anchor) for anchor in SECTIONS],
        "style": Markup((TEMPLATES / "style.css").read_text()),
    }
    return templates.get_template("page.html.j2").render(shown)


def drawn(templates: Environment, data: ReportData, anchor: str) -> tuple[Section, Markup]:
    """Return a section and its HTML; one that can't be made says so, and the others stay."""
    try:
        section = SECTIONS[anchor](data)
        return section, filled(templates, section)
    except Exception as error:  # whatever it is: the verdict above must reach its reader
        logger.exception("The report's section %s could not be made.", anchor)
        # The message may hold a path: it stays in the log.
        words = f"This section could not be made ({type(error).__name__}). The log of the node RunReport says why."
        section = Section(anchor, anchor.capitalize(), "absent.html.j2", absent=words)
        return section, filled(templates, section)


def filled(templates: Environment, section: Section) -> Markup:
    """Return the HTML of a section."""
    return Markup(templates.get_template(section.template).render(values=section.values, absent=section.absent))


@cache
def environment() -> Environment:
    """Return the templates with their filters; everything that is put in is escaped."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    made.filters.update(
        count=count, percent=percent, figure=figure, seconds=seconds, short=short, row_name=row_name, rows_in_words=rows_in_words
    )
    return made


def count(number: float) -> str:
    """Write 12345 as 12 345 with thin spaces."""
    return f"{number:,.0f}".replace(",", "\u202f")


def percent(share: float | None) -> str:
    """Write 0.98765 as 98.8 %; a dash where there is no number."""
    return NONE if share is None or not isfinite(share) else f"{100 * share:.1f}\u202f%"


def figure(number: float | None, digits: int = 3) -> str:
    """Write 0.98765 as 0.988; a dash where there is no number."""
    return NONE if number is None or not isfinite(number) else f"{number:.{digits}f}"


def seconds(time: float) -> str:
    """Write 3725.2 as 1 h 2 min, 75.2 as 1 min 15 s, 2.25 as 2.2 s."""
    if time < 60:
        return f"{time:.1f}\u202fs"
    minutes, rest = divmod(round(time), 60)
    return f"{minutes}\u202fmin {rest}\u202fs" if minutes < 60 else f"{minutes // 60}\u202fh {minutes % 60}\u202fmin"


def short(digest: str) -> str:
    """Write a digest or key by its first 12 characters."""
    return digest[:12]
