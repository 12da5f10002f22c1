"""From bytes to a DICOM dataset whose pixel data is not decoded yet."""

import zlib
from io import BytesIO
from typing import BinaryIO

from pydicom import FileDataset, dcmread
from pydicom.datadict import dictionary_has_tag, dictionary_VR
from pydicom.dataelem import DataElement, RawDataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filereader import read_dataset as read_elements
from pydicom.filereader import read_preamble
from pydicom.tag import BaseTag
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from models.rendering.dicom_guards import PIXEL_KEYWORDS
from models.rendering.settings import Limits
from pipeline.reasons import Reason, failure

FILE_META_GROUP = 0x0002
PLAIN_SYNTAXES = (ImplicitVRLittleEndian, ExplicitVRLittleEndian)
MOST_COPIED = 2**20  # bytes; above the longest lookup table, whose value is read from where it is copied to


def read_dataset(encoded: bytes, limits: Limits) -> FileDataset:
    """Return the dataset of a file, with or without preamble and file meta information.

    Raises:
        ImageError: when it inflates beyond the limits or nests sequences too deeply.
        Exception: whatever pydicom raises on damaged bytes.
    """
    syntax = checked_syntax(BytesIO(encoded), limits)
    dataset = with_pixels_in_place(encoded) if syntax in PLAIN_SYNTAXES else dcmread(BytesIO(encoded), force=True)
    check_depth(dataset, limits.depth)
    state_transfer_syntax(dataset)
    return dataset


def with_pixels_in_place(encoded: bytes) -> FileDataset:
    """Return the dataset of an uncompressed file whose pixel data is a view of the file: a radiograph need not be copied."""
    dataset = dcmread(BytesIO(encoded), force=True, defer_size=MOST_COPIED)
    for keyword in PIXEL_KEYWORDS:
        element = dataset.get_item(keyword, keep_deferred=True)
        if isinstance(element, RawDataElement) and element.value is None:
            place = slice(element.value_tell, element.value_tell + element.length)
            dataset[keyword] = element._replace(value=memoryview(encoded)[place])
    return dataset


def checked_syntax(file: BinaryIO, limits: Limits) -> UID | None:
    """Return the transfer syntax that a file states, None where it states none.

    Of any file but a deflated one only the file meta information is read.

    Raises:
        ImageError: when a deflated dataset (PS3.5 A.5) inflates beyond the limits; pydicom inflates without one.
    """
    read_preamble(file, force=True)
    meta = read_elements(file, is_implicit_VR=False, is_little_endian=True, stop_when=_after_file_meta)
    syntax: UID | None = meta.get("TransferSyntaxUID")
    if syntax == DeflatedExplicitVRLittleEndian:
        check_inflation(file, limits)
    return syntax


def check_inflation(file: BinaryIO, limits: Limits) -> None:
    """Refuse what follows in a file if it inflates beyond the limits."""
    deflated = file.read()
    most = min(int(limits.ratio * len(deflated)), limits.memory_mb * 2**20)
    inflate = zlib.decompressobj(-zlib.MAX_WBITS)
    inflate.decompress(deflated, most)
    if inflate.unconsumed_tail:
        raise failure(Reason.IMPLAUSIBLE_COMPRESSION)


def _after_file_meta(tag: BaseTag, _vr: str | None, _length: int) -> bool:
    return tag.group != FILE_META_GROUP


def check_depth(dataset: Dataset, most: int) -> None:
    """Refuse a dataset that nests sequences deeper than `most`; only sequences are parsed."""
    for tag in [element.tag for element in dataset.values() if _is_sequence(element)]:
        if most == 0:
            raise failure(Reason.TOO_DEEP)
        for item in dataset[tag].value or ():
            check_depth(item, most - 1)


def _is_sequence(element: DataElement | RawDataElement) -> bool:
    if element.VR is None:  # implicit VR: the dictionary knows
        return dictionary_has_tag(element.tag) and dictionary_VR(element.tag) == "SQ"
    return element.VR == "SQ"


def state_transfer_syntax(dataset: FileDataset) -> None:
    """Name the transfer syntax that an uncompressed file without file meta information was read by."""
    if not hasattr(dataset, "file_meta"):
        dataset.file_meta = FileMetaDataset()
    if not dataset.file_meta.get("TransferSyntaxUID"):
        dataset.file_meta.TransferSyntaxUID = _native_syntax(*dataset.original_encoding)


def _native_syntax(is_implicit: bool | None, is_little_endian: bool | None) -> UID:
    if is_implicit:
        return ImplicitVRLittleEndian
    return ExplicitVRLittleEndian if is_little_endian else ExplicitVRBigEndian
