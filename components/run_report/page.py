"""The page: sections in reading order, put together by templates."""

from collections.abc import Callable
from math import isnan
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from components.run_report import (
    confusion,
    curves,
    data_account,
    mistakes,
    performance,
    provenance,
    statistics,
    training,
    verdict,
)
from components.run_report.report_data import ReportData
from components.run_report.section import Section

TEMPLATES = Path(__file__).parent / "templates"
SECTIONS: tuple[Callable[[ReportData], Section], ...] = (
    verdict.section,
    data_account.section,
    performance.section,
    curves.section,
    confusion.section,
    mistakes.section,
    training.section,
    statistics.section,
    provenance.section,
)
NONE = "\N{EN DASH}"


def render(data: ReportData) -> str:
    """Return the page, one HTML document that needs no other file."""
    sections = [make(data) for make in SECTIONS]
    style = Markup((TEMPLATES / "style.css").read_text())
    return environment().get_template("page.html.j2").render(config=data.config, sections=sections, style=style)


def environment() -> Environment:
    """Return the templates with their filters; everything that is put in is escaped."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    made.filters.update(count=count, percent=percent, figure=figure, seconds=seconds, short=short)
    return made


def count(number: float) -> str:
    """Write 12345 as 12 345 with thin spaces."""
    return f"{number:,.0f}".replace(",", "\u202f")


def percent(share: float | None) -> str:
    """Write 0.98765 as 98.8 %."""
    return NONE if share is None else f"{100 * share:.1f}\u202f%"


def figure(number: float | None, digits: int = 3) -> str:
    """Write 0.98765 as 0.988; a dash where there is no number."""
    return NONE if number is None or isnan(number) else f"{number:.{digits}f}"


def seconds(time: float) -> str:
    """Write 3725.2 as 1 h 2 min, 75.2 as 1 min 15 s, 2.25 as 2.2 s."""
    if time < 60:
        return f"{time:.1f}\u202fs"
    minutes, rest = divmod(round(time), 60)
    return f"{minutes}\u202fmin {rest}\u202fs" if minutes < 60 else f"{minutes // 60}\u202fh {minutes % 60}\u202fmin"


def short(digest: str) -> str:
    """Write a digest or key by its first 12 characters."""
    return digest[:12]
