"""The window: which of the spans that are there a run reads."""

from collections.abc import Collection
from dataclasses import dataclass

from pipeline.errors import ConfigError

SHOWN = 5  # missing numbers that a text names


@dataclass(frozen=True)
class Window:
    """The spans of a run, ascending; never empty."""

    spans: tuple[int, ...]

    @property
    def missing(self) -> tuple[int, ...]:
        """The numbers between first and last that no span has, the first of many."""
        there, found = set(self.spans), []
        for number in range(self.spans[0], self.spans[-1]):
            if number not in there:
                found.append(number)
            if len(found) > SHOWN:
                break
        return tuple(found)

    def __str__(self) -> str:
        """Return 'span 4', or 'spans 3 to 7 (4 spans)'."""
        return spans_in_words(self.spans[0], self.spans[-1], len(self.spans))


def spans_in_words(first: int, last: int, count: int) -> str:
    """Return 'span 4', or 'spans 3 to 7 (4 spans)'."""
    return f"span {first}" if first == last else f"spans {first} to {last} ({count} spans)"


def chosen(found: Collection[int], *, last: int | None, newest: int | None) -> Window:
    """Return the last spans that are there, up to the newest that is wanted.

    Counted are spans, not numbers: over a gap the window reaches further back and holds as many spans as ever.

    Args:
        found: numbers of the spans that are there.
        last: how many, `data.spans.last`; None: all.
        newest: where the window ends, `data.span`; None: at the newest that is there.

    Raises:
        ConfigError: when there is no span, or not the one where the window shall end.
    """
    if not found:
        raise ConfigError(
            "data.manifest: no span is there yet; expected a folder or file named by a number in the place of {SPAN}"
        )
    if newest is not None and newest not in found:
        window = Window(tuple(sorted(found)))
        raise ConfigError(f"data.span: {newest}: no such span; there are {window}")
    upto = sorted(span for span in found if newest is None or span <= newest)
    return Window(tuple(upto if last is None else upto[-last:]))


def told_gap(window: Window) -> str:
    """Return a line about the numbers that are missing, '' when none is."""
    missing = window.missing
    if not missing:
        return ""
    more = " and more" if len(missing) > SHOWN else ""
    return f"note: no span {', '.join(map(str, missing[:SHOWN]))}{more} between {window.spans[0]} and {window.spans[-1]}"
