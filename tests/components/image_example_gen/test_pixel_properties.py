from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy
from PIL import Image
from sklearn.metrics import roc_auc_score

from components.image_example_gen.pixel_properties import pixel_properties, upper_corners

PIXELS = st_numpy.arrays(np.uint8, st.sampled_from([(5, 5, 1), (4, 7, 3), (1, 1, 3)]))


@given(PIXELS)
def test_figures_are_those_of_the_pixels(pixels: np.ndarray) -> None:
    figures = pixel_properties(pixels, pixels)
    assert figures.mean == pytest.approx(pixels.mean() / 255)
    assert figures.standard_deviation == pytest.approx(pixels.std() / 255, abs=1e-12)
    assert figures.saturated == pytest.approx(np.mean((pixels == 0) | (pixels == 255)))
    assert 0 <= figures.entropy <= 8
    assert -1 <= figures.upper_corners <= 1


@given(PIXELS)
def test_inversion_turns_the_upper_corners_round(pixels: np.ndarray) -> None:
    assert upper_corners(255 - pixels) == pytest.approx(-upper_corners(pixels), abs=1e-9)


@pytest.mark.parametrize(("levels", "bits"), [(1, 0.0), (2, 1.0), (256, 8.0)])
def test_entropy_of_even_levels_is_their_logarithm(levels: int, bits: float) -> None:
    pixels = (np.arange(256) * levels // 256).astype(np.uint8).reshape(16, 16, 1)
    assert pixel_properties(pixels, pixels).entropy == pytest.approx(bits)


def test_bars_count_for_the_moments_alone() -> None:
    picture = np.full((4, 8, 1), 100, np.uint8)
    pixels = np.pad(picture, ((2, 2), (0, 0), (0, 0)))
    figures = pixel_properties(pixels, picture)
    assert figures.mean == pytest.approx(50 / 255)
    assert (figures.entropy, figures.saturated) == (0.0, 0.0)


def test_upper_corners_are_bright_where_the_top_is_and_the_centre_is_not() -> None:
    pixels = np.zeros((16, 16, 1), np.uint8)
    pixels[:2, :2] = pixels[:2, -2:] = 255
    assert upper_corners(pixels) == 1.0
    assert upper_corners(pixels[::-1]) == 0.0


def thumbnails(folder: Path) -> Iterator[np.ndarray]:
    """Yield the grey images of a folder, 64 pixels on the longer side."""
    for path in sorted(folder.iterdir()):
        image = Image.open(path)
        image.draft("L", (256, 256))
        grey = image.convert("L")
        grey.thumbnail((64, 64), Image.Resampling.BOX)
        yield np.asarray(grey)[..., np.newaxis]


@pytest.mark.parametrize("folder", ["xray/covid-chestxray/images", "wbc/dataset1/images"])
def test_upper_corners_tell_inverted_images_of_a_kind_from_right_ones(folder: str, shared_data: Path) -> None:
    found = np.array([upper_corners(image) for image in thumbnails(shared_data / folder)])
    inverted = np.repeat([False, True], len(found))
    auc = roc_auc_score(inverted, np.concatenate([found, -found]))
    assert max(auc, 1 - auc) > 0.99
