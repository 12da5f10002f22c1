from dataclasses import replace

import pytest

from components.image_example_gen.manifest import ManifestRow
from components.image_example_gen.quarantine import repeat_reasons, row_reason
from pipeline.reasons import MEANING, Reason

CLASSES = ("ill", "well")


def row(number: int = 1, path: str = "a.png", *, label: str = "ill", patient: str = "P1", split: str = "") -> ManifestRow:
    return ManifestRow(number, path, label, patient, split)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (row(), None),
        (row(split="val"), None),
        (row(label="ill;well"), Reason.SEVERAL_LABELS),
        (row(label="ILL"), Reason.UNKNOWN_LABEL),
        (row(label=""), Reason.UNKNOWN_LABEL),
        (row(patient=""), Reason.NO_PATIENT),
        (row(split="validation"), Reason.UNKNOWN_SPLIT),
    ],
)
def test_cells_tell_the_reason(given: ManifestRow, reason: Reason | None) -> None:
    assert row_reason(given, CLASSES, needs_patient=True) == reason


def test_patient_may_be_empty_where_patients_are_unknown() -> None:
    assert row_reason(row(patient=""), CLASSES, needs_patient=False) is None


def test_two_labels_for_one_file_refuse_both_rows() -> None:
    assert repeat_reasons([row(1), row(2, "b.png"), row(3, "./a.png", label="well")]) == {
        1: Reason.CONFLICTING_LABELS,
        3: Reason.CONFLICTING_LABELS,
    }


@pytest.mark.parametrize("other", [row(2, patient="P2"), row(2, split="test")])
def test_two_patients_or_splits_for_one_file_refuse_both_rows(other: ManifestRow) -> None:
    assert repeat_reasons([row(1), other]) == {1: Reason.CONFLICTING_PATIENTS, 2: Reason.CONFLICTING_PATIENTS}


def test_of_equal_rows_the_first_stands() -> None:
    assert repeat_reasons([row(1), row(2), row(3, "x/../a.png")]) == {2: Reason.REPEATED_PATH, 3: Reason.REPEATED_PATH}


def test_frames_of_one_file_are_no_repeats() -> None:
    assert repeat_reasons([replace(row(1), frame=1), replace(row(2, label="well"), frame=2)]) == {}


def test_every_reason_is_explained() -> None:
    assert set(MEANING) == set(Reason)
