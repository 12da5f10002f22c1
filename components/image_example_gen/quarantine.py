"""Why a manifest row gives no example."""

import posixpath
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType

from components.image_example_gen.manifest import ManifestRow
from models.features import SPLITS


class Reason(StrEnum):
    """Reason codes, as counted in the account."""

    UNKNOWN_LABEL = "unknown_label"
    SEVERAL_LABELS = "several_labels"
    CONFLICTING_LABELS = "conflicting_labels"
    CONFLICTING_PATIENTS = "conflicting_patients"
    REPEATED_PATH = "repeated_path"
    NO_PATIENT = "no_patient"
    UNKNOWN_SPLIT = "unknown_split"
    MISSING_FILE = "missing_file"
    UNREADABLE_FILE = "unreadable_file"
    CHANGED_FILE = "changed_file"
    UNSUPPORTED_FORMAT = "unsupported_format"
    TOO_MANY_BYTES = "too_many_bytes"
    TOO_MANY_PIXELS = "too_many_pixels"
    TRUNCATED = "truncated"
    UNDECODABLE = "undecodable"


MEANING: Mapping[Reason, str] = MappingProxyType(
    {
        Reason.UNKNOWN_LABEL: "the label is not one of data.classes",
        Reason.SEVERAL_LABELS: "the label cell holds several classes; a classifier of exclusive classes learns from one",
        Reason.CONFLICTING_LABELS: "rows name the same file with different labels",
        Reason.CONFLICTING_PATIENTS: "rows name the same file with different patients or splits",
        Reason.REPEATED_PATH: "an earlier row names the same file",
        Reason.NO_PATIENT: "the patient_id cell is empty",
        Reason.UNKNOWN_SPLIT: "the split cell is neither train, val, test nor empty",
        Reason.MISSING_FILE: "there is no such file",
        Reason.UNREADABLE_FILE: "the file can't be read (rights, a broken disk, a folder)",
        Reason.CHANGED_FILE: "the file's SHA-256 differs from the manifest's; index again",
        Reason.UNSUPPORTED_FORMAT: "the file is neither PNG nor JPEG",
        Reason.TOO_MANY_BYTES: "the file is larger than any image of image.max_pixels",
        Reason.TOO_MANY_PIXELS: "the header claims no pixels or more than image.max_pixels",
        Reason.TRUNCATED: "the file ends early",
        Reason.UNDECODABLE: "the file is damaged",
    }
)


def row_reason(row: ManifestRow, classes: Collection[str], needs_patient: bool) -> Reason | None:
    """Return what is wrong with a row's own cells, None when nothing is."""
    if ";" in row.label:
        return Reason.SEVERAL_LABELS
    if row.label not in classes:
        return Reason.UNKNOWN_LABEL
    if needs_patient and not row.patient_id:
        return Reason.NO_PATIENT
    if row.split and row.split not in SPLITS:
        return Reason.UNKNOWN_SPLIT
    return None


def repeat_reasons(rows: Sequence[ManifestRow]) -> dict[int, Reason]:
    """Return the rows, by number, that may not stand because several name one file (or one frame of it).

    Rows that disagree all fall; of rows that agree the first stands. './a.png' and 'a.png' are one file; links are not
    followed: the same pixels under two names are DataGate's matter.
    """
    groups: defaultdict[tuple[str, int | None], list[ManifestRow]] = defaultdict(list)
    for row in rows:
        groups[posixpath.normpath(row.path), row.frame].append(row)
    return {row: reason for group in groups.values() if len(group) > 1 for row, reason in _judge_repeats(group).items()}


def _judge_repeats(group: Sequence[ManifestRow]) -> dict[int, Reason]:
    if len({row.label for row in group}) > 1:
        return {row.row: Reason.CONFLICTING_LABELS for row in group}
    if len({(row.patient_id, row.split) for row in group}) > 1:
        return {row.row: Reason.CONFLICTING_PATIENTS for row in group}
    return {row.row: Reason.REPEATED_PATH for row in group[1:]}
