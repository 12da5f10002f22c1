"""Which frames of a file become its image."""

from collections.abc import Sequence
from typing import Literal

from pipeline.reasons import Reason, failure


def chosen_frames(count: int, rule: Literal["middle", "maximum"], frame: int | None) -> Sequence[int]:
    """Return the frames to take, from 0: the one asked for, or what the rule says; several are for a maximum.

    Args:
        count: frames of the file.
        rule: RenderSettings.frames.
        frame: of the manifest row, from 1.

    Raises:
        ImageError: unknown_frame, when the file has no such frame.
    """
    if frame is None:
        return range(count) if rule == "maximum" else (count // 2,)
    if not 1 <= frame <= count:
        raise failure(Reason.UNKNOWN_FRAME)
    return (frame - 1,)
