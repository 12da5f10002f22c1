"""One number for a row of the data set: where data arrive in spans it holds the span as well.

So a row is one integer from the manifest to the report, whether there are spans or not, and rows sort by span first.
"""

from collections.abc import Iterable

from pipeline.errors import ConfigError

# Row 17 of span 12 is 130_000_017. With eight digits of a span every number stays exact in a float, as JSON readers have it.
ROWS_PER_SPAN = 10_000_000


def row_number(span: int | None, row: int) -> int:
    """Return the number of a row of a span's manifest, or of the only manifest; rows count from 1.

    Raises:
        ConfigError: when a manifest has too many rows.
    """
    if row >= ROWS_PER_SPAN:
        place, advice = ("data.manifest", "it into spans") if span is None else (f"span {span}", "the span")
        raise ConfigError(f"{place}: its manifest has {ROWS_PER_SPAN:,} rows or more; expected fewer. Divide {advice}.")
    return row if span is None else (span + 1) * ROWS_PER_SPAN + row


def span_and_row(number: int) -> tuple[int | None, int]:
    """Return span, None where there are none, and the row of its manifest.

    >>> span_and_row(130_000_017)
    (12, 17)
    """
    place, row = divmod(number, ROWS_PER_SPAN)
    return (place - 1, row) if place else (None, number)


def row_name(number: int) -> str:
    """Return the words by which people find a row: 'row 17', or 'span 12, row 17'."""
    span, row = span_and_row(number)
    return f"row {row}" if span is None else f"span {span}, row {row}"


def rows_in_words(numbers: Iterable[int]) -> str:
    """Return a list of rows: '3, 7', or 'span 12, row 3; span 12, row 7'."""
    listed = list(numbers)
    in_spans = any(span_and_row(number)[0] is not None for number in listed)
    return "; ".join(map(row_name, listed)) if in_spans else ", ".join(map(str, listed))
