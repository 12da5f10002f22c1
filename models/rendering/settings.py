"""How files become 8-bit pixels, and what a file may ask for at most."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class RenderSettings:
    """What decides the 8-bit pixels of a file, besides its content; serving needs the same.

    Args:
        windows: centre and width in the modality's output units (CT: Hounsfield), each a channel of the result; none: as the
            file says (DICOM PS3.3 C.11.2), or its whole range.
        frames: of a multi-frame file that no row takes a frame of: the middle one, or the maximum over all.
        burned_in: what becomes of images whose header says that names may stand in the pixels (0028,0301).
        sixteen_bit_range: values of 16-bit TIFF files that become 0 and 255, as of PNG files; the rest is clipped.
    """

    windows: tuple[tuple[float, float], ...] = ()
    frames: Literal["middle", "maximum"] = "middle"
    burned_in: Literal["quarantine", "accept"] = "quarantine"
    sixteen_bit_range: tuple[int, int] = (0, 65_535)


def render_settings(content: Mapping[str, Any]) -> RenderSettings:
    """Return the settings that JSON keeps as an object of their fields, in which a window is a list."""
    windows = tuple((float(center), float(width)) for center, width in content["windows"])
    low, high = content["sixteen_bit_range"]
    return RenderSettings(windows, content["frames"], content["burned_in"], (low, high))


@dataclass(frozen=True)
class Limits:
    """What a file may ask for; more is refused before anything is decoded.

    Args:
        bytes: of a file that holds frames; of PNG and JPEG `pixels` says enough.
        pixels: of one frame, width times height.
        frames: of a file.
        ratio: raw to compressed bytes; JPEG 2000 of a real image stays below 100, a bomb reaches thousands.
        depth: of nested sequences in a header.
        seconds: that one file may take.
        memory_mb: that decoding one file may take.
    """

    bytes: int = 2**31
    pixels: int = 50_000_000
    frames: int = 4096
    ratio: float = 1000.0
    depth: int = 16
    seconds: float = 30.0
    memory_mb: int = 2048
