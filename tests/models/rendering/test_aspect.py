import numpy as np
import pytest
from pydicom.dataset import Dataset

from models.rendering.aspect import Size, pixel_aspect, resize, square_size
from models.rendering.settings import Limits
from pipeline.errors import ImageError

VALUES = np.array([[0, 100, 200]], np.uint8)


def header(**elements: object) -> Dataset:
    dataset = Dataset()
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)
    return dataset


@pytest.mark.parametrize(
    ("elements", "aspect"),
    [
        ({}, 1.0),
        ({"PixelSpacing": [0.5, 0.25]}, 2.0),
        ({"ImagerPixelSpacing": [0.1, 0.2]}, 0.5),
        ({"PixelAspectRatio": [4, 3]}, 4 / 3),
        ({"PixelSpacing": [1, 1], "PixelAspectRatio": [4, 3]}, 1.0),
        ({"PixelSpacing": [0, 1], "PixelAspectRatio": [4, 3]}, 4 / 3),
        ({"PixelSpacing": None}, 1.0),
    ],
)
def test_aspect_is_vertical_over_horizontal_spacing(elements, aspect: float) -> None:
    assert pixel_aspect(header(**elements)) == pytest.approx(aspect)


@pytest.mark.parametrize(("aspect", "size"), [(1.0, (10, 20)), (2.0, (20, 20)), (0.5, (10, 40)), (1.26, (13, 20))])
def test_the_shorter_axis_grows(aspect: float, size: tuple[int, int]) -> None:
    assert square_size(Size(10, 20), aspect, Limits()) == size


@pytest.mark.parametrize("aspect", [1e9, 1e-9])
def test_a_size_beyond_the_limits_is_refused(aspect: float) -> None:
    with pytest.raises(ImageError) as caught:
        square_size(Size(10, 20), aspect, Limits(pixels=1000))
    assert caught.value.reason == "too_many_pixels"


def test_equal_size_returns_the_pixels_themselves() -> None:
    assert resize(VALUES, Size(1, 3)) is VALUES


def test_tall_pixels_repeat_rows_of_a_single_row(rendered) -> None:
    stretched = rendered(VALUES, PixelSpacing=[3, 1], WindowCenter=128, WindowWidth=256)
    np.testing.assert_array_equal(stretched, np.repeat(VALUES, 3, axis=0))


def test_wide_pixels_are_filled_bilinearly(rendered) -> None:
    # Half-pixel centres: the new pixels of 0, 100, 200 lie at -0.25, 0.25, 0.75, 1.25, 1.75 and 2.25.
    stretched = rendered(VALUES, PixelAspectRatio=[1, 2], WindowCenter=128, WindowWidth=256)
    np.testing.assert_array_equal(stretched, [[0, 25, 75, 125, 175, 200]])


def test_colour_is_resized_too(rendered) -> None:
    colour = np.repeat(VALUES[..., None], 3, axis=2)
    assert rendered(colour, PixelAspectRatio=[1, 2]).shape == (1, 6, 3)
