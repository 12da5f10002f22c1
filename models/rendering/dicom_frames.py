"""The stored values of frames of a DICOM file."""

from collections.abc import Iterator, Sequence

import numpy as np
from pydicom.dataset import Dataset
from pydicom.encaps import get_frame
from pydicom.pixels.decoders.base import get_decoder
from pydicom.pixels.utils import pixel_array
from pydicom.uid import UID

from models.rendering.dicom_guards import check_codestream, frame_count
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
    plugin = decoder_of(syntax)
    for index in indices:
        if syntax.is_encapsulated:
            check_codestream(encoded_frame(dataset, index), limits)
        yield pixel_array(dataset, index=index, decoding_plugin=plugin)


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
