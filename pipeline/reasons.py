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
    TOO_MANY_FRAMES = "too_many_frames"
    UNKNOWN_FRAME = "unknown_frame"
    TRUNCATED = "truncated"
    UNDECODABLE = "undecodable"
    TOO_MUCH_MEMORY = "too_much_memory"
    TOO_SLOW = "too_slow"
    DECODER_CRASHED = "decoder_crashed"
    NO_PIXELS = "no_pixels"
    BURNED_IN_TEXT = "burned_in_text"
    UNSUPPORTED_TRANSFER_SYNTAX = "unsupported_transfer_syntax"
    UNSUPPORTED_PHOTOMETRIC = "unsupported_photometric"
    IMPLAUSIBLE_COMPRESSION = "implausible_compression"
    TOO_DEEP = "too_deep"
    EXCLUDED_PATIENT = "excluded_patient"
    SENT_AGAIN = "sent_again"


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
        Reason.UNSUPPORTED_FORMAT: "the file is none of PNG, JPEG, DICOM, NIfTI and TIFF, or of a kind of these that is not read",
        Reason.TOO_MANY_BYTES: "the file is larger than image.limits.bytes, or a PNG or JPEG larger than any of image.max_pixels",
        Reason.TOO_MANY_PIXELS: "the header claims no pixels or more than image.max_pixels",
        Reason.TOO_MANY_FRAMES: "the file holds more frames than image.limits.frames",
        Reason.UNKNOWN_FRAME: "the row names a frame that the file does not have",
        Reason.TRUNCATED: "the file ends early",
        Reason.UNDECODABLE: "the file is damaged",
        Reason.TOO_MUCH_MEMORY: "decoding the file takes more than image.limits.memory_mb",
        Reason.TOO_SLOW: "decoding the file takes more than image.limits.seconds",
        Reason.DECODER_CRASHED: "the decoder ended without an answer, twice",
        Reason.NO_PIXELS: "the DICOM file holds no image: a report, a plan, a directory",
        Reason.BURNED_IN_TEXT: "names may stand in the pixels: (0028,0301) is YES, and image.rendering.burned_in not accept",
        Reason.UNSUPPORTED_TRANSFER_SYNTAX: "no decoder reads this (0002,0010) Transfer Syntax UID at these bits; transcode it",
        Reason.UNSUPPORTED_PHOTOMETRIC: "(0028,0004) Photometric Interpretation is neither grey nor becomes RGB; convert it",
        Reason.IMPLAUSIBLE_COMPRESSION: "the file claims more pixel data than its bytes can hold by image.limits.ratio",
        Reason.TOO_DEEP: "the header nests more sequences than image.limits.depth",
        Reason.EXCLUDED_PATIENT: "the patient is on the list of data.exclude; the file was not read",
        Reason.SENT_AGAIN: "an earlier span of the window holds the same image of the patient; it counts once",
    }
)


def failure(reason: Reason) -> ImageError:
    """Return the error of a reason code; its words name no file."""
    return ImageError(reason.value, MEANING[reason])
