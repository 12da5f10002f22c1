"""The attributes of one frame that rendering reads, wherever a file keeps them."""

from collections.abc import Iterator
from typing import Any

from pydicom.dataset import Dataset
from pydicom.multival import MultiValue
from pydicom.tag import Tag

ATTRIBUTES = (
    "PhotometricInterpretation",
    "PixelRepresentation",
    "BitsAllocated",
    "BitsStored",
    "ModalityLUTSequence",
    "RescaleSlope",
    "RescaleIntercept",
    "VOILUTSequence",
    "WindowCenter",
    "WindowWidth",
    "VOILUTFunction",
    "PixelPaddingValue",
    "PixelPaddingRangeLimit",
    "FloatPixelPaddingValue",
    "FloatPixelPaddingRangeLimit",
    "DoubleFloatPixelPaddingValue",
    "DoubleFloatPixelPaddingRangeLimit",
    "PixelSpacing",
    "ImagerPixelSpacing",
    "NominalScannedPixelSpacing",
    "PixelAspectRatio",
)
TAGS = frozenset(Tag(keyword) for keyword in ATTRIBUTES)
MACROS = ("PixelMeasuresSequence", "PixelValueTransformationSequence", "FrameVOILUTSequence")  # PS3.3 C.7.6.16.2


def frame_header(dataset: Dataset, index: int) -> Dataset:
    """Return the rendering attributes of a frame (counted from 0): its own, else the shared ones, else the file's."""
    header = Dataset()
    for source in _sources(dataset, index):
        for tag in TAGS.intersection(source.keys()):
            header.add(source[tag])
    header.set_original_encoding(*dataset.original_encoding)  # the byte order of its tables
    return header


def _sources(dataset: Dataset, index: int) -> Iterator[Dataset]:
    """Give the places of attributes, the later ones overriding the earlier (functional groups, PS3.3 C.7.6.16)."""
    yield dataset
    groups = [*items(dataset, "SharedFunctionalGroupsSequence")[:1]]
    groups += items(dataset, "PerFrameFunctionalGroupsSequence")[index : index + 1]
    for group in groups:
        for macro in MACROS:
            yield from items(group, macro)[:1]


def items(dataset: Dataset, keyword: str) -> list[Dataset]:
    """Return the items of a sequence; none where it is absent or empty."""
    return list(dataset.get(keyword) or ())


def number(value: Any) -> float | None:
    """Return the first number of an element's value, or None where it is empty or absent."""
    if isinstance(value, MultiValue | list | tuple):
        value = value[0] if len(value) else None
    return None if value is None or value == "" else float(value)
