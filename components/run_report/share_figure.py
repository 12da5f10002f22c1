"""Bars of a column's values: their shares in train, val and test side by side, so that a skew is seen."""

from collections.abc import Mapping

import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes

from components.run_report.figures import head, painted, series_colour

SHOWN = 6  # values; the others are one bar
OTHERS = "all others"
LETTERS = 24  # of a value's name
BAR = 0.8  # of the room that a value has, shared by the splits

Counts = Mapping[str, Mapping[str, int]]  # split -> value -> images


def draw_shares(name: str, title: str, counts: Counts) -> Markup:
    """Return the shares of a column's values by split as an SVG element.

    Args:
        name: prefix of its ids, different for each figure of a page.
        title: the column.
        counts: split -> value -> images, for splits with images.
    """
    values, shares = shares_by_split(counts)
    description = f"{title}, shares in {', '.join(counts)}: {', '.join(values)}"
    return painted(name, description, lambda axes: _paint(axes, title, values, shares))


def shares_by_split(counts: Counts) -> tuple[list[str], dict[str, list[float]]]:
    """Return the most frequent values, and split -> their shares, which sum to 1."""
    totals: dict[str, int] = {}
    for found in counts.values():
        for value, images in found.items():
            totals[value] = totals.get(value, 0) + images
    shown = sorted(totals, key=lambda value: (-totals[value], value))[:SHOWN]
    shares = {}
    for split, found in counts.items():
        every = sum(found.values())
        own = [found.get(value, 0) / every for value in shown]
        shares[split] = [*own, max(1 - sum(own), 0.0)] if len(totals) > SHOWN else own
    return ([*shown, OTHERS] if len(totals) > SHOWN else shown), shares


def _paint(axes: Axes, title: str, values: list[str], shares: Mapping[str, list[float]]) -> None:
    """Draw horizontal bars, the most frequent value on top: names of values are long."""
    head(axes, title, grid="x")
    thick = BAR / len(shares)
    middles = np.arange(len(values))
    for number, (split, own) in enumerate(shares.items()):
        axes.barh(middles + (number - (len(shares) - 1) / 2) * thick, own, thick, color=series_colour(number), label=split)
    axes.set(xlim=(0, 1), xlabel="share of the split's images")
    axes.set_yticks(
        middles, [value if len(value) <= LETTERS else f"{value[: LETTERS - 1]}\N{HORIZONTAL ELLIPSIS}" for value in values]
    )
    axes.invert_yaxis()
    axes.legend(frameon=False, fontsize=9)
