"""The `image:` block: the canonical image, and how files become one."""

from typing import Annotated, Literal

from pydantic import Field, field_validator

from pipeline.config.section import Section


class Image(Section):
    """The canonical image."""

    size: Annotated[int, Field(ge=16, le=1024)] = 224
    channels: Literal[1, 3] = 3
    fit: Literal["letterbox", "center_crop"] = "letterbox"
    max_pixels: Annotated[int, Field(ge=1)] = 50_000_000  # of a source image's header
    sixteen_bit_range: tuple[int, int] = (0, 65_535)  # values of 16-bit files that become 0 and 255

    @field_validator("sixteen_bit_range")
    @classmethod
    def rising_range(cls, value: tuple[int, int]) -> tuple[int, int]:
        """Refuse a range that is empty, reversed or beyond 16 bit."""
        low, high = value
        if not 0 <= low < high <= 65_535:
            raise ValueError(f"[{low}, {high}]; expected [low, high] with 0 <= low < high <= 65535")
        return value
