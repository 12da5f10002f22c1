"""The `image:` block: the canonical image, and how files become one."""

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from models.rendering.settings import RenderSettings
from pipeline.config.section import Section

Window = tuple[float, float]


class Rendering(Section):
    """How files that are neither PNG nor JPEG become 8-bit pixels; `sixteen_bit_range` counts for them too."""

    windows: tuple[Window, ...] = ()  # center and width in the modality's units; none: as the file says
    frames: Literal["middle", "maximum"] = "middle"  # of a file of several, where the manifest names none
    burned_in: Literal["quarantine", "accept"] = "quarantine"  # images whose header says that names may stand in them

    @field_validator("windows")
    @classmethod
    def one_window_per_channel(cls, value: tuple[Window, ...]) -> tuple[Window, ...]:
        """Refuse two windows, more than three, and widths that PS3.3 C.11.2.1.2 does not allow."""
        if len(value) not in (0, 1, 3):
            raise ValueError(f"{len(value)} windows; expected none, 1 (grey) or 3 (a channel each)")
        for center, width in value:
            if width < 1:
                raise ValueError(f"[{center:g}, {width:g}]; expected [center, width] with width >= 1")
        return value


class ImageLimits(Section):
    """What a file may ask for beside `image.max_pixels`; more is quarantined."""

    bytes: Annotated[int, Field(ge=1)] = 2**31  # of a DICOM, NIfTI or TIFF file
    frames: Annotated[int, Field(ge=1)] = 4096  # of a file
    ratio: Annotated[float, Field(gt=1)] = 1000.0  # raw to compressed bytes
    depth: Annotated[int, Field(ge=1)] = 16  # of nested DICOM sequences
    seconds: Annotated[float, Field(gt=0)] = 30.0  # that one file may take
    memory_mb: Annotated[int, Field(ge=64)] = 2048  # that decoding one file may take, beside the file itself


class Image(Section):
    """The canonical image."""

    size: Annotated[int, Field(ge=16, le=1024)] = 224
    channels: Literal[1, 3] = 3
    fit: Literal["letterbox", "center_crop"] = "letterbox"
    max_pixels: Annotated[int, Field(ge=1)] = 50_000_000  # of a source image's header
    sixteen_bit_range: tuple[int, int] = (0, 65_535)  # values of 16-bit files that become 0 and 255
    limits: ImageLimits = ImageLimits()
    rendering: Rendering = Rendering()

    @model_validator(mode="after")
    def channel_for_each_window(self) -> "Image":
        """Refuse three windows for a grey image, which would mix them."""
        windows = len(self.rendering.windows)
        if windows > self.channels:
            raise ValueError(f"rendering.windows names {windows}, channels is {self.channels}; expected 3 channels or one window")
        return self

    @field_validator("sixteen_bit_range")
    @classmethod
    def rising_range(cls, value: tuple[int, int]) -> tuple[int, int]:
        """Refuse a range that is empty, reversed or beyond 16 bit."""
        low, high = value
        if not 0 <= low < high <= 65_535:
            raise ValueError(f"[{low}, {high}]; expected [low, high] with 0 <= low < high <= 65535")
        return value

    @property
    def render_settings(self) -> RenderSettings:
        """What rendering is told."""
        rendering = self.rendering
        return RenderSettings(rendering.windows, rendering.frames, rendering.burned_in, self.sixteen_bit_range)
