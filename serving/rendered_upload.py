"""A DICOM, NIfTI or TIFF file from the page, made a PNG as the model's training data were.

Each file gets a process of its own that ends with it, so that nothing of it stays in memory; one file at a time.
"""

from io import BytesIO
from pathlib import Path
from threading import BoundedSemaphore

import grpc
import numpy as np
from PIL import Image

from models.model_facts import FILE, read_facts
from models.rendering.settings import Limits, RenderSettings
from pipeline.errors import ImageError
from serving.serving_error import ServingError, invalid

PATIENCE = 20.0  # seconds that a file waits for those before it


class UploadRenderer:
    """Renders one file after the other, within limits."""

    def __init__(self, limits: Limits) -> None:
        """Keep the limits; nothing is started before the first file."""
        self._limits = limits
        self._turn = BoundedSemaphore(1)

    def png(self, encoded: bytes, version_folder: Path) -> bytes:
        """Return the PNG file of an upload, rendered by the settings that lie in a version folder.

        Raises:
            ServingError: INVALID_ARGUMENT with the reason why it gives no image; FAILED_PRECONDITION when the version does not
                say how files are rendered; RESOURCE_EXHAUSTED when other files take too long.
        """
        settings = rendering_of(version_folder)
        if not self._turn.acquire(timeout=PATIENCE):
            raise ServingError(grpc.StatusCode.RESOURCE_EXHAUSTED, "another file is being rendered; try again later")
        try:
            return png_file(self._pixels(encoded, settings))
        finally:
            self._turn.release()

    def _pixels(self, encoded: bytes, settings: RenderSettings) -> np.ndarray:
        from components.image_example_gen.guarded_worker import GuardedRenderer  # noqa: PLC0415 - codecs, for those who need them

        try:
            with GuardedRenderer(settings, self._limits) as renderer:
                return renderer.render(encoded).pixels
        except ImageError as error:
            raise invalid(f"the file gives no image: {error} ({error.reason})") from error


def rendering_of(version_folder: Path) -> RenderSettings:
    """Return the settings that an export carries.

    Raises:
        ServingError: FAILED_PRECONDITION when it carries none that can be read.
    """
    try:
        return read_facts(version_folder).rendering
    except (OSError, ValueError, KeyError, TypeError) as error:
        text = f"this version has no readable {FILE}, which says how to render a file; PNG and JPEG need no rendering"
        raise ServingError(grpc.StatusCode.FAILED_PRECONDITION, text) from error


def png_file(pixels: np.ndarray) -> bytes:
    """Encode uint8 [height, width] or [height, width, 3] as PNG."""
    stream = BytesIO()
    Image.fromarray(pixels).save(stream, "PNG", compress_level=1)
    return stream.getvalue()
