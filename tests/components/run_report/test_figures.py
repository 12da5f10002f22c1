"""Figures: reproducible, with the page's colours, and safe whatever they are named."""

import re

import matplotlib as mpl

from components.run_report.figures import Line, Panel, draw


def panel(name: str = "val") -> Panel:
    return Panel("Loss", "epoch", "", (Line("train", [1, 2, 3], [3, 2, 1], 0), Line(name, [1, 2, 3], [3, 2, 2], 1)), marked=2)


def test_same_values_give_the_same_bytes() -> None:
    assert draw("one", panel()) == draw("one", panel())


def test_two_figures_of_a_page_share_no_id() -> None:
    ids = [set(re.findall(r'\bid="([^"]+)"', draw(name, panel()))) for name in ("one", "two")]
    assert all(ids)
    assert not ids[0] & ids[1]


def test_colours_are_the_page_s_and_nothing_is_filled_behind() -> None:
    drawn = draw("one", panel())
    assert "#fe" not in drawn
    assert "#ffffff" not in drawn
    assert "var(--series-1)" in drawn


def test_figure_carries_neither_date_nor_style_sheet() -> None:
    assert not re.search(r"<metadata|<style|<!DOCTYPE|<\?xml|dc:date", draw("one", panel()))


def test_names_are_shown_as_they_are() -> None:
    drawn = draw("one", panel("a<b> $x_1$ & c"))
    assert "a&lt;b&gt; $x_1$ &amp; c" in drawn
    assert "<b>" not in drawn


def test_drawing_leaves_matplotlib_as_it_was() -> None:
    before = dict(mpl.rcParams)
    draw("one", panel())
    assert dict(mpl.rcParams) == before
