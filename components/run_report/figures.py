"""Line figures as SVG that stands inside the page: its text is text, its colours are the page's, its bytes are reproducible."""

import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import matplotlib as mpl
from markupsafe import Markup, escape
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

SERIES = 10  # colours that the style sheet has for lines
# matplotlib knows no CSS variables: it draws in stand-in colours, which are replaced afterwards.
INK, FAINT, LINE = "#fe1000", "#fe1001", "#fe1002"
VARIABLES = {INK: "ink", FAINT: "faint", LINE: "line"}
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "medtfx",  # else ids are random
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "text.color": INK,
    "axes.labelcolor": FAINT,
    "axes.edgecolor": LINE,
    "axes.titlecolor": INK,
    "xtick.color": FAINT,
    "ytick.color": FAINT,
    "grid.color": LINE,
    "text.parse_math": False,  # a class name may hold a dollar sign
}
NO_METADATA = dict.fromkeys(("Date", "Creator", "Format", "Type"))  # a date would change the bytes


@dataclass(frozen=True)
class Line:
    """One line of a panel.

    Args:
        name: entry of the legend.
        x: horizontal values.
        y: vertical values.
        series: number of its colour, below SERIES.
    """

    name: str
    x: Sequence[float]
    y: Sequence[float]
    series: int


@dataclass(frozen=True)
class Panel:
    """One set of axes.

    Args:
        title: what it shows.
        across: name of the horizontal axis.
        up: name of the vertical axis.
        lines: what is drawn.
        unit: whether both axes run from 0 to 1.
        diagonal: whether the line of chance is drawn.
        marked: horizontal value that is marked as kept.
    """

    title: str
    across: str
    up: str
    lines: Sequence[Line]
    unit: bool = False
    diagonal: bool = False
    marked: float | None = None


def series_colour(number: int) -> str:
    """Return the stand-in for a line's colour."""
    return f"#fe00{number % SERIES:02x}"


def draw(name: str, panel: Panel) -> Markup:
    """Return a panel as an SVG element.

    Args:
        name: prefix of its ids, different for each figure of a page.
        panel: what is drawn.
    """
    lines = ", ".join(line.name for line in panel.lines)
    return painted(name, f"{panel.title}: {lines}", lambda axes: draw_panel(panel, axes))


def painted(name: str, description: str, paint: Callable[[Axes], None]) -> Markup:
    """Return what `paint` draws on a set of axes as an SVG element.

    Args:
        name: prefix of its ids, different for each figure of a page.
        description: what a reader hears who does not see it.
        paint: draws on the axes.
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(4.7, 3.4), layout="constrained")
        figure.patch.set_visible(False)
        canvas = FigureCanvasSVG(figure)
        paint(figure.subplots())
        written = io.StringIO()
        canvas.print_svg(written, metadata=NO_METADATA)
    return embedded(written.getvalue(), name, description)


def head(axes: Axes, title: str, *, grid: Literal["both", "x", "y"] = "both") -> None:
    """Give a set of axes what every figure has: a title, no frame, a faint grid behind what is drawn."""
    axes.patch.set_visible(False)
    axes.set_title(title, loc="left", fontsize=11, fontweight="bold")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(visible=True, axis=grid, linewidth=0.6)
    axes.set_axisbelow(True)


def draw_panel(panel: Panel, axes: Axes) -> None:
    """Draw one set of axes."""
    head(axes, panel.title)
    axes.set(xlabel=panel.across, ylabel=panel.up)
    if panel.diagonal:
        axes.plot((0, 1), (0, 1), color=FAINT, linewidth=0.8, linestyle=(0, (2, 3)))
    for line in panel.lines:
        dots = "o" if len(line.x) <= 2 else None
        axes.plot(line.x, line.y, marker=dots, color=series_colour(line.series), linewidth=1.8, label=line.name)
    if panel.marked is not None:
        axes.axvline(panel.marked, color=FAINT, linewidth=0.8, linestyle=(0, (2, 3)), label="kept")
    if panel.unit:
        axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    axes.legend(frameon=False, fontsize=9)


def embedded(svg: str, name: str, description: str) -> Markup:
    """Return an SVG document as an element of a page: own ids, the page's colours and font, no metadata."""
    body = svg[svg.index("<svg") :].strip()
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    body = re.sub(r'<defs>\s*<style type="text/css">.*?</style>\s*</defs>', "", body, flags=re.DOTALL)
    body = re.sub(r'(\bid="|href="#|url\(#)', rf"\g<1>{name}-", body)
    body = body.replace("'DejaVu Sans'", "system-ui, sans-serif")
    for stand_in, variable in VARIABLES.items():
        body = body.replace(stand_in, f"var(--{variable})")
    body = re.sub(r"#fe00(\d[\da-f])", lambda found: f"var(--series-{int(found[1], 16)})", body)
    opening = re.search(r'viewBox="[^"]*"', body)
    start = f'<svg xmlns="http://www.w3.org/2000/svg" class="figure" role="img" aria-label="{escape(description)}" '
    return Markup(start + (opening[0] if opening else "") + body[body.index(">") :])
