import pytest

from models.rendering.frames import chosen_frames
from pipeline.errors import ImageError


@pytest.mark.parametrize(("count", "middle"), [(1, 0), (2, 1), (5, 2)])
def test_middle_frame_is_taken_by_default(count: int, middle: int) -> None:
    assert list(chosen_frames(count, "middle", None)) == [middle]


def test_maximum_takes_all_frames() -> None:
    assert list(chosen_frames(3, "maximum", None)) == [0, 1, 2]


@pytest.mark.parametrize("rule", ["middle", "maximum"])
def test_frame_of_the_row_goes_before_the_rule(rule: str) -> None:
    assert list(chosen_frames(5, rule, 5)) == [4]  # type: ignore[arg-type]


@pytest.mark.parametrize("frame", [0, 6, 2**40])
def test_frame_that_the_file_has_not_is_refused(frame: int) -> None:
    with pytest.raises(ImageError, match="a frame that the file does not have"):
        chosen_frames(5, "middle", frame)
