"""Images that an earlier span holds already: a study that is sent on two days counts once."""

from collections.abc import Sequence
from dataclasses import replace

from components.image_example_gen.account import EXAMPLE, SKIPPED, RowAccount
from components.image_example_gen.row_number import span_and_row
from pipeline.reasons import Reason


def without_repeats(rows: Sequence[RowAccount], *, known_patients: bool) -> list[RowAccount]:
    """Return the rows with those marked as skipped whose image of the same patient came in an earlier span of the window.

    Equal are canonical pixels, label, split and, where patients are known, patient. Whatever differs in one of these is no
    repeat but a contradiction or a leak, and DataGate's matter; so is what one manifest names twice.

    Args:
        rows: of all spans, in the order of their numbers.
        known_patients: whether images belong to patients; else each is its own.
    """
    first: dict[tuple[str | None, ...], int | None] = {}
    return [_judged(row, first, known_patients) for row in rows]


def _judged(row: RowAccount, first: dict[tuple[str | None, ...], int | None], known_patients: bool) -> RowAccount:
    if row.status != EXAMPLE:
        return row
    span, _ = span_and_row(row.row)
    key = (row.pixels_sha256, row.label, row.split, row.patient if known_patients else None)
    if first.setdefault(key, span) == span:
        return row
    return replace(row, status=SKIPPED, reason=Reason.SENT_AGAIN.value)
