"""Outlines of a property's distribution in two sets of images, one over the other, so that a drift is seen."""

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup
from matplotlib.axes import Axes

from components.run_report.figures import head, painted, series_colour

Histogram = tuple[list[float], list[float]]  # edges, one more than densities; densities, whose area is 1


def draw_densities(name: str, title: str, histograms: Mapping[str, Histogram]) -> Markup:
    """Return distributions of a property as an SVG element.

    Args:
        name: prefix of its ids, different for each figure of a page.
        title: the property.
        histograms: set of images -> its histogram.
    """
    description = f"{title}, distributions: {', '.join(histograms)}"
    return painted(name, description, lambda axes: _paint(axes, title, histograms))


def histogram_of(numbers: Any) -> Histogram | None:
    """Return the equal-width histogram of NumericStatistics; None without values, or where all are one value."""
    found = next((found for found in numbers.histograms if found.type == found.STANDARD), None)
    buckets = [bucket for bucket in found.buckets if bucket.high_value > bucket.low_value] if found else []
    total = sum(bucket.sample_count for bucket in buckets)
    if not total:
        return None
    edges = [buckets[0].low_value, *(bucket.high_value for bucket in buckets)]
    return edges, [bucket.sample_count / total / (bucket.high_value - bucket.low_value) for bucket in buckets]


def _paint(axes: Axes, title: str, histograms: Mapping[str, Histogram]) -> None:
    head(axes, title)
    axes.set(xlabel=title, ylabel="density of images")
    for number, (images, (edges, densities)) in enumerate(histograms.items()):
        colour = series_colour(number)
        axes.stairs(densities, edges, color=colour, fill=True, alpha=0.18)
        axes.stairs(densities, edges, color=colour, linewidth=1.8, label=images)
    axes.locator_params(axis="x", nbins=6)  # long numbers would touch
    axes.legend(frameon=False, fontsize=9)
