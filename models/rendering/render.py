"""Render a file of any kind that TensorFlow does not decode: the kind follows from its first bytes, never from its name."""

import struct

import numpy as np
from pydicom.valuerep import VR

from models.rendering.dicom import render_dicom
from models.rendering.nifti import GZIP_SIGNATURE, is_nifti, render_nifti
from models.rendering.settings import Limits, RenderSettings
from models.rendering.tiff import SIGNATURES, render_tiff
from pipeline.reasons import Reason, failure

DICOM_PREFIX, DICOM_PREFIX_AT = b"DICM", 128  # PS3.10 section 7.1
FIRST_GROUPS = (0x0002, 0x0008)  # file meta information, or the data set at once
SHORT_VALUE = 64  # bytes: the first elements of group 0008 are a length, a character set or an image type
VALUE_REPRESENTATIONS = frozenset(representation.encode() for representation in VR if len(representation) == 2)


def render(encoded: bytes, settings: RenderSettings, *, limits: Limits, frame: int | None = None) -> np.ndarray:
    """Return the 8-bit pixels of a DICOM, NIfTI or TIFF file, uint8 [height, width] or [height, width, 3].

    Args:
        encoded: the bytes of the file.
        settings: how values become pixels, and which frame of several.
        limits: what the file may ask for.
        frame: the frame, page or slice, from 1; None: as the settings say.

    Raises:
        ImageError: with the reason code.
    """
    if is_dicom(encoded):  # first: a DICOM file may have a TIFF's begin in its preamble, PS3.10 section 7.1
        return render_dicom(encoded, settings, limits=limits, frame=frame)
    if encoded.startswith(SIGNATURES):
        return render_tiff(encoded, settings, limits=limits, frame=frame)
    if is_nifti(encoded) or encoded.startswith(GZIP_SIGNATURE):
        return render_nifti(encoded, settings, limits=limits, frame=frame)
    raise failure(Reason.UNSUPPORTED_FORMAT)


def is_rendered(head: bytes) -> bool:
    """Tell from the first HEAD_BYTES (models/image_signature.py) of a file whether `render` takes it."""
    return is_dicom(head) or is_nifti(head) or head.startswith((*SIGNATURES, GZIP_SIGNATURE))


def is_dicom(head: bytes) -> bool:
    """Tell whether a file begins as DICOM: with the prefix, or without a preamble with a first element that can be one."""
    if head[DICOM_PREFIX_AT : DICOM_PREFIX_AT + len(DICOM_PREFIX)] == DICOM_PREFIX:
        return True
    if len(head) < 8:
        return False
    if any(struct.unpack_from(f"{order}H", head)[0] in FIRST_GROUPS for order in "<>") and head[4:6] in VALUE_REPRESENTATIONS:
        return True
    group, _, length = struct.unpack_from("<HHI", head)  # implicit VR
    return bool(group == FIRST_GROUPS[1] and length <= SHORT_VALUE)
