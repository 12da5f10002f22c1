"""Render a file of any kind that TensorFlow does not decode: the kind follows from its first bytes, never from its name.

The decoders of a kind load with the first file of it: those of all take half a second, a third of it for files of one.
"""

from typing import Protocol

import numpy as np

from models.rendering.file_kind import GZIP_SIGNATURE, TIFF_SIGNATURES, is_dicom, is_nifti
from models.rendering.settings import Limits, RenderSettings
from pipeline.reasons import Reason, failure


class Renderer(Protocol):
    """Renders files of one kind, as `render` does."""

    def __call__(self, encoded: bytes, settings: RenderSettings, *, limits: Limits, frame: int | None = None) -> np.ndarray:
        """Return the 8-bit pixels of a file."""


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
    return renderer_of(encoded)(encoded, settings, limits=limits, frame=frame)


def renderer_of(encoded: bytes) -> Renderer:
    """Return what renders a file, its decoders loaded.

    Raises:
        ImageError: unsupported_format, for a file of another kind.
    """
    if is_dicom(encoded):  # first: a DICOM file may have a TIFF's begin in its preamble, PS3.10 section 7.1
        from models.rendering.dicom import render_dicom  # noqa: PLC0415

        return render_dicom
    if encoded.startswith(TIFF_SIGNATURES):
        from models.rendering.tiff import render_tiff  # noqa: PLC0415

        return render_tiff
    if is_nifti(encoded) or encoded.startswith(GZIP_SIGNATURE):
        from models.rendering.nifti import render_nifti  # noqa: PLC0415

        return render_nifti
    raise failure(Reason.UNSUPPORTED_FORMAT)
