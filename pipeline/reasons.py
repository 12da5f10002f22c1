"""Why a file or a manifest row gives no example: the codes that accounts count by, and what they mean."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from pipeline.errors import ImageError


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
    EXCLUDED_PATIENT = "excluded_patient"


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
        Reason.EXCLUDED_PATIENT: "the patient is on the list of data.exclude; the file was not read",
    }
)


def failure(reason: Reason) -> ImageError:
    """Return the error of a reason code; its words name no file."""
    return ImageError(reason.value, MEANING[reason])
