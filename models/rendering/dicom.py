"""From the bytes of a DICOM file to 8-bit pixels, or the reason why there are none."""

from functools import reduce

import numpy as np

from models.rendering.aspect import Size, pixel_aspect, resize, square_size
from models.rendering.decoder_faults import silence, stated_reasons
from models.rendering.dicom_colour import is_grey, render_colour
from models.rendering.dicom_frames import stored_frames
from models.rendering.dicom_grey import render_frame, render_projection
from models.rendering.dicom_guards import check_header, frame_count
from models.rendering.dicom_header import frame_header
from models.rendering.dicom_reading import read_dataset
from models.rendering.frames import chosen_frames
from models.rendering.settings import Limits, RenderSettings


def render_dicom(encoded: bytes, settings: RenderSettings, *, limits: Limits, frame: int | None = None) -> np.ndarray:
    """Render a DICOM file; in a process that may end: GDCM, which alone reads lossless JPEG, aborts on some damaged files.

    Grey values pass the modality LUT or rescale and a VOI LUT or window (PS3.4 N.2), MONOCHROME1 is inverted, padding becomes
    the darkest value; colour becomes RGB; pixels are made square. Overlays are left out.

    Args:
        encoded: the file.
        settings: windows, the rule for several frames, what becomes of burned-in text.
        limits: what the file may ask for; checked before any pixel is decoded.
        frame: counted from 1; None: by `settings.frames`.

    Returns:
        uint8 [height, width] of a grey file, [height, width, 3] of a colour file or for three windows.

    Raises:
        ImageError: with the reason code, whatever the bytes.
    """
    with stated_reasons(), silence():
        dataset = read_dataset(encoded, limits)
        check_header(dataset, settings, limits)
        indices = chosen_frames(frame_count(dataset), settings.frames, frame)
        size = Size(int(dataset.Rows), int(dataset.Columns))
        header = frame_header(dataset, indices[0])
        square = square_size(size, pixel_aspect(header), limits)
        frames = stored_frames(dataset, indices, limits)
        if not is_grey(dataset):
            return resize(reduce(np.maximum, (render_colour(decoded, dataset) for decoded in frames)), square)
        if len(indices) == 1:
            return resize(render_frame(next(frames), header, settings), square)
        headers = (frame_header(dataset, index) for index in indices)
        return resize(render_projection(zip(frames, headers, strict=True), settings), square)
