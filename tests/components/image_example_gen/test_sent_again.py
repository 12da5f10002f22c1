from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from components.image_example_gen.account import RowAccount
from components.image_example_gen.row_number import row_number
from components.image_example_gen.sent_again import sent_again, without


def image(span: int | None, row: int, pixels: str = "d", patient: str = "p") -> RowAccount:
    return RowAccount(row_number(span, row), f"f{span}-{row}", patient, "train", "ill", pixels)


def marked(*rows: RowAccount, known_patients: bool = True) -> list[str | None]:
    return [row.reason for row in judged(*rows, known_patients=known_patients)]


def judged(*rows: RowAccount, known_patients: bool = True) -> list[RowAccount]:
    with TemporaryDirectory() as folder:
        left_out = sent_again(reversed(rows), Path(folder), known_patients=known_patients)
    return list(without(rows, left_out))


def test_image_of_an_earlier_span_counts_once() -> None:
    rows = [image(1, 1), image(1, 2, "e"), image(2, 1), image(3, 9)]
    assert marked(*rows) == [None, None, "sent_again", "sent_again"]
    assert [row.status for row in judged(*rows)] == ["example", "example", "skipped", "skipped"]


def test_when_the_first_span_leaves_the_window_the_next_copy_stands() -> None:
    assert marked(image(2, 1), image(3, 9)) == [None, "sent_again"]


def test_repeats_within_one_manifest_are_left_to_the_data_gate() -> None:
    assert marked(image(None, 1), image(None, 2)) == [None, None]
    assert marked(image(1, 1), image(1, 2), image(2, 1)) == [None, None, "sent_again"]


@pytest.mark.parametrize("change", [{"label": "well"}, {"split": "test"}, {"patient": "q"}, {"pixels_sha256": "e"}])
def test_what_differs_is_no_repeat(change: dict[str, str]) -> None:
    assert marked(image(1, 1), replace(image(2, 1), **change)) == [None, None]


def test_without_patients_equal_images_are_repeats() -> None:
    assert marked(image(1, 1, patient="a"), image(2, 1, patient="b"), known_patients=False) == [None, "sent_again"]


def test_row_that_gave_no_example_stays_as_it_is() -> None:
    lost = replace(image(2, 1), status="quarantined", reason="truncated")
    assert marked(image(1, 1), lost) == [None, "truncated"]
