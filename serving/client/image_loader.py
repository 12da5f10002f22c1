"""From a source to what is sent: PNG and JPEG files as they are, any other kind rendered to PNG as ingest renders it."""

from contextlib import ExitStack
from importlib.util import find_spec
from threading import Lock
from typing import TYPE_CHECKING

from components.image_example_gen.image_file import read_file
from models.image_signature import is_png_or_jpeg
from models.rendering.settings import Limits, RenderSettings
from pipeline.errors import ConfigError, ImageError
from pipeline.reasons import Reason, failure
from serving.client.outcome import Failure
from serving.client.source import Source

if TYPE_CHECKING:
    from components.image_example_gen.guarded_worker import GuardedRenderer

DECODERS = ("pydicom", "nibabel", "PIL")  # of the process that renders


class ImageLoader:
    """Loads images; the decoders load, and a process that renders starts, with the first file that needs them."""

    def __init__(self, rendering: RenderSettings, limits: Limits | None = None) -> None:
        """Keep how files become pixels, and what a file may ask for."""
        self._rendering = rendering
        self._limits = limits or Limits()
        self._renderer: GuardedRenderer | None = None
        self._lock = Lock()
        self._open = ExitStack()
        self.rendered = 0  # images so far that were neither PNG nor JPEG

    def load(self, source: Source) -> bytes | Failure:
        """Return a PNG or JPEG file, or why there is none.

        Raises:
            ConfigError: when the file needs decoders that are not installed.
        """
        try:
            return self._sendable(source)
        except ImageError as error:
            return Failure(source.name, error.reason, str(error))
        except ModuleNotFoundError as error:
            message = (
                f"files other than PNG and JPEG need {error.name}, which is not installed: pip install 'medtfx[client,dicom]'"
            )
            raise ConfigError(message) from error

    def close(self) -> None:
        """End the process that renders."""
        self._open.close()

    def _sendable(self, source: Source) -> bytes:
        content = source.content
        encoded = content if isinstance(content, bytes) else read_file(content, self._limits)
        if not encoded:
            raise failure(Reason.TRUNCATED)
        if not is_png_or_jpeg(encoded):
            return self._rendered(encoded, source.frame)
        if source.frame is not None:
            raise failure(Reason.UNKNOWN_FRAME)
        return encoded

    def _rendered(self, encoded: bytes, frame: int | None) -> bytes:
        from components.image_example_gen.png_file import png_file  # noqa: PLC0415 - here, for these need the decoders
        from models.image_signature import HEAD_BYTES  # noqa: PLC0415
        from models.rendering.file_kind import is_rendered  # noqa: PLC0415

        if not is_rendered(encoded[:HEAD_BYTES]):
            raise failure(Reason.UNSUPPORTED_FORMAT)
        pixels = self._started().render(encoded, frame).pixels
        self.rendered += 1
        return png_file(pixels.reshape(*pixels.shape[:2], -1))

    def _started(self) -> "GuardedRenderer":
        from components.image_example_gen.guarded_worker import GuardedRenderer  # noqa: PLC0415

        with self._lock:
            if self._renderer is None:
                check_decoders()
                self._renderer = self._open.enter_context(GuardedRenderer(self._rendering, self._limits))
            return self._renderer


def check_decoders() -> None:
    """Refuse to begin where a decoder is missing: the process that renders loads each with the first file that needs it.

    Raises:
        ModuleNotFoundError: naming it.
    """
    for decoder in DECODERS:
        if find_spec(decoder) is None:
            raise ModuleNotFoundError(name=decoder)
