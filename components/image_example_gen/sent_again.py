"""Images that an earlier span holds already: a study that is sent on two days counts once."""

import hashlib
from collections.abc import Iterable, Iterator, Set
from dataclasses import replace
from itertools import groupby
from operator import itemgetter
from pathlib import Path

from components.image_example_gen.account import EXAMPLE, ROW_DIGITS, SKIPPED, RowAccount
from components.image_example_gen.row_number import span_and_row
from components.image_example_gen.sorted_lines import SortedLines
from pipeline.reasons import Reason


def sent_again(rows: Iterable[RowAccount], folder: Path, *, known_patients: bool) -> frozenset[int]:
    """Return the rows, by number, whose image of the same patient came in an earlier span of the window.

    Equal are canonical pixels, label, split and, where patients are known, patient. Whatever differs in one of these is no
    repeat but a contradiction or a leak, and DataGate's matter; so is what one manifest names twice.

    Args:
        rows: of all spans, in any order.
        folder: to sort in.
        known_patients: whether images belong to patients; else each is its own.
    """
    lines = SortedLines(folder)
    for row in rows:
        if row.status == EXAMPLE:
            key = repr((row.pixels_sha256, row.label, row.split, row.patient if known_patients else None))
            lines.add(f"{hashlib.sha256(key.encode()).hexdigest()} {row.row:0{ROW_DIGITS}d}")
    groups = groupby(map(str.split, lines), key=itemgetter(0))
    return frozenset(row for _, group in groups for row in _of_later_spans([int(number) for _, number in group]))


def _of_later_spans(numbers: list[int]) -> Iterator[int]:
    """Yield those of some row numbers, ascending, whose span is not that of the first."""
    first, _ = span_and_row(numbers[0])
    return (number for number in numbers if span_and_row(number)[0] != first)


def without(rows: Iterable[RowAccount], left_out: Set[int]) -> Iterator[RowAccount]:
    """Yield rows with those marked as skipped that `sent_again` named."""
    for row in rows:
        yield replace(row, status=SKIPPED, reason=Reason.SENT_AGAIN.value) if row.row in left_out else row
