"""The stored values of frames of a DICOM file."""

from collections.abc import Iterator, Sequence

import numpy as np
from pydicom.dataset import Dataset
from pydicom.encaps import get_frame
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.utils import pixel_array
from pydicom.uid import UID

from models.rendering.dicom_colour import is_grey
from models.rendering.dicom_guards import check_codestream, frame_count
from models.rendering.dicom_reading import PLAIN_SYNTAXES
from models.rendering.settings import Limits

# GDCM, which pydicom would ask first, ends the whole process on some damaged JPEG: it comes last, for lossless JPEG alone.
DECODERS = ("pylibjpeg", "pyjpegls", "pillow", "gdcm")


def stored_frames(dataset: Dataset, indices: Sequence[int], limits: Limits) -> Iterator[np.ndarray]:
    """Decode frames one by one: stored values [height, width], or RGB [height, width, 3] where the file is in colour.

    Raises:
        ImageError: when a compressed frame claims more pixels than the limits, before it is decoded.
        Exception: whatever pydicom and its decoders raise on damaged bytes.
    """
    syntax = UID(dataset.file_meta.TransferSyntaxUID)
    plugin, plain = decoder_of(syntax), plain_type(dataset)
    for index in indices:
        if plain is not None:
            yield plain_frame(dataset, index, plain)
            continue
        if syntax.is_encapsulated:
            check_codestream(encoded_frame(dataset, index), limits)
        yield pixel_array(dataset, index=index, decoding_plugin=plugin)


def plain_type(dataset: Dataset) -> np.dtype | None:
    """Return the number type of grey values that lie in the file as they do in memory, else None.

    pydicom's own way is as exact, but copies the values and spends more time on its options than on a CT slice.
    """
    bits, signed = int(dataset.BitsAllocated), dataset.get("PixelRepresentation")
    if dataset.file_meta.TransferSyntaxUID not in PLAIN_SYNTAXES or "PixelData" not in dataset:
        return None
    if not is_grey(dataset) or dataset.SamplesPerPixel != 1 or bits not in (8, 16) or signed not in (0, 1):
        return None
    return np.dtype(f"<{'ui'[signed]}{bits // 8}")


def plain_frame(dataset: Dataset, index: int, kind: np.dtype) -> np.ndarray:
    """Return a frame's values, a read-only view where no unused bit holds anything.

    Raises:
        ValueError: when the file ends before the frame does, or more bits are stored than allocated.
    """
    height, width = int(dataset.Rows), int(dataset.Columns)
    start = index * height * width * kind.itemsize
    values = np.frombuffer(dataset.PixelData, kind, count=height * width, offset=start).reshape(height, width)
    unused = kind.itemsize * 8 - int(dataset.BitsStored)
    return values if fits(values, int(dataset.BitsStored)) else values << unused >> unused  # PS3.5 section 8.1.1


def fits(values: np.ndarray, bits: int) -> bool:
    """Tell whether whole numbers have no more than a number of bits, their sign included."""
    if not 1 <= bits <= values.itemsize * 8:
        raise ValueError(f"{bits} bits of {values.itemsize * 8}")
    if values.dtype.kind == "u":
        return bool(values.max() < 2**bits)
    return bool(-(2 ** (bits - 1)) <= values.min() and values.max() < 2 ** (bits - 1))


def encoded_frame(dataset: Dataset, index: int) -> bytes:
    """Return the bytes of a compressed frame, counted from 0, found as pydicom finds them."""
    tables = ("ExtendedOffsetTable", "ExtendedOffsetTableLengths")
    offsets = tuple(dataset[table].value for table in tables if table in dataset)
    return get_frame(
        dataset.PixelData,
        index,
        number_of_frames=frame_count(dataset),
        extended_offsets=offsets if len(offsets) == len(tables) else None,
    )


def decoder_of(syntax: UID) -> str:
    """Return the plugin that decodes a transfer syntax, '' where none is needed; left to itself, pydicom tries all."""
    available = get_decoder(syntax).available_plugins
    return next((name for name in DECODERS if name in available), "")
