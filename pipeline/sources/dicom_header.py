"""What a DICOM file's header tells: the identifiers, whether it is an image, and the columns that slices are made of."""

import hashlib
import logging
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, BinaryIO

from pydicom import Dataset, FileDataset
from pydicom.filereader import read_partial
from pydicom.tag import BaseTag, Tag

from models.rendering.dicom_reading import checked_syntax
from models.rendering.settings import Limits
from pipeline.sources.dicom_kind import SECONDARY_CAPTURE, why_no_image
from pipeline.sources.dicom_slices import SLICE_KEYWORDS, slice_columns, text_of

IDENTIFIERS = ("SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID", "AccessionNumber", "PatientID")
# The character set must be among them: pydicom decodes texts by it.
KEYWORDS = ("SpecificCharacterSet", "SOPClassUID", *IDENTIFIERS, "NumberOfFrames", *SLICE_KEYWORDS)
TAGS: list[BaseTag | int] = [Tag(keyword) for keyword in KEYWORDS]
PIXEL_DATA = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})  # floats, doubles, whole numbers
PREAMBLE, PREFIX = 128, b"DICM"  # PS3.10 7.1
FIRST_GROUPS = (b"\x02\x00", b"\x08\x00", b"\x00\x02", b"\x00\x08")  # of a data set without preamble, either byte order
WHOLE_NUMBER = re.compile(r"\d{1,9}")


@dataclass(frozen=True)
class DicomHeader:
    """One file as the index knows it; its repr names no patient.

    Args:
        skip: reason why it is no image to learn from, '' when it is one.
        sop_instance_uid, study_instance_uid, series_instance_uid, accession_number, patient_id: as they stand in the file.
        frames: number of frames.
        sha256: of the file's bytes; '' for a file that is skipped.
        columns: slice columns by name, without institution.
        institution: as it stands in the file; never written anywhere.
    """

    skip: str = ""
    sop_instance_uid: str = field(default="", repr=False)
    study_instance_uid: str = field(default="", repr=False)
    series_instance_uid: str = field(default="", repr=False)
    accession_number: str = field(default="", repr=False)
    patient_id: str = field(default="", repr=False)
    frames: int = 1
    sha256: str = field(default="", repr=False)
    columns: Mapping[str, str] = field(default_factory=dict, repr=False)
    institution: str = field(default="", repr=False)


def read_header(path: Path) -> DicomHeader:
    """Return what a file's header tells; the pixels are read only to compute the file's SHA-256.

    Raises:
        OSError: when the file can't be opened or read.
    """
    with path.open("rb") as file, silent():
        begin = file.read(PREAMBLE + len(PREFIX))
        with_preamble = begin[PREAMBLE:] == PREFIX
        if not with_preamble and begin[:2] not in FIRST_GROUPS:
            return DicomHeader("not_dicom")
        header = _parsed(file, with_preamble)
        if header.skip not in ("", SECONDARY_CAPTURE):
            return header
        file.seek(0)
        return replace(header, sha256=hashlib.file_digest(file, "sha256").hexdigest())


def has_preamble(path: Path) -> bool:
    """Tell whether a file begins as PS3.10 says.

    Raises:
        OSError: when it can't be read.
    """
    with path.open("rb") as file:
        return file.read(PREAMBLE + len(PREFIX))[PREAMBLE:] == PREFIX


def _parsed(file: BinaryIO, with_preamble: bool) -> DicomHeader:
    """Return the header of a file that may be DICOM; without preamble it must name its object to count as such."""
    unreadable = DicomHeader("unreadable_header" if with_preamble else "not_dicom")
    size = file.seek(0, 2)
    file.seek(0)
    reached: list[int] = []

    def at_pixels(tag: BaseTag, _vr: str | None, _length: int) -> bool:
        if tag in PIXEL_DATA:
            reached.append(tag)
        return tag in PIXEL_DATA

    try:
        checked_syntax(file, Limits())
        file.seek(0)
        dataset = read_partial(file, at_pixels, force=not with_preamble, specific_tags=TAGS)
        ends_early = file.tell() > size  # a length that leads beyond the end
        return unreadable if ends_early else _header(dataset, has_pixels=bool(reached), size=size, unreadable=unreadable)
    except OSError:
        raise
    except Exception:  # whatever a damaged header provokes in the parser: it is counted, not told, for it may hold a name
        return unreadable


def _header(dataset: FileDataset, *, has_pixels: bool, size: int, unreadable: DicomHeader) -> DicomHeader:
    meta = dataset.file_meta
    sop_class = text_of(dataset, "SOPClassUID") or text_of(meta, "MediaStorageSOPClassUID")
    values = {column_name(word): identifier(dataset, word) for word in IDENTIFIERS}
    values["sop_instance_uid"] = values["sop_instance_uid"] or text_of(meta, "MediaStorageSOPInstanceUID")
    if not (sop_class and values["sop_instance_uid"]):
        return unreadable
    reason = why_no_image(sop_class)
    if not has_pixels and reason in ("", SECONDARY_CAPTURE):
        reason = "no_pixel_data"
    frames = text_of(dataset, "NumberOfFrames") or "1"
    if not WHOLE_NUMBER.fullmatch(frames) or not 1 <= int(frames) <= size:  # a frame takes a byte at least
        return unreadable
    columns, institution = slice_columns(dataset), text_of(dataset, "InstitutionName")
    return DicomHeader(reason, **values, frames=int(frames), columns=columns, institution=institution)


def column_name(keyword: str) -> str:
    """Return the name that an identifier has here: 'SOPInstanceUID' is 'sop_instance_uid'."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", keyword).lower()


def identifier(dataset: Dataset, keyword: str) -> str:
    """Return an identifier without the padding around it (PS3.5 6.2); what lies within is part of it."""
    value: Any = dataset.get(keyword)
    return "" if value is None else str(value).strip(" \0\t\r\n")


@contextmanager
def silent() -> Iterator[None]:
    """Keep pydicom's warnings from the terminal and the log: they quote header values."""
    logger = logging.getLogger("pydicom")
    was_disabled, logger.disabled = logger.disabled, True
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.disabled = was_disabled
