import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from components.image_example_gen.pixel_properties import pixel_properties

PIXELS = st_numpy.arrays(np.uint8, st.sampled_from([(5, 5, 1), (4, 7, 3), (1, 1, 3)]))


@given(PIXELS)
def test_figures_are_those_of_the_pixels(pixels: np.ndarray) -> None:
    figures = pixel_properties(pixels)
    assert figures.mean == pytest.approx(pixels.mean() / 255)
    assert figures.standard_deviation == pytest.approx(pixels.std() / 255, abs=1e-12)
    assert figures.saturated == pytest.approx(np.mean((pixels == 0) | (pixels == 255)))
    assert 0 <= figures.entropy <= 8


@pytest.mark.parametrize(("levels", "bits"), [(1, 0.0), (2, 1.0), (256, 8.0)])
def test_entropy_of_even_levels_is_their_logarithm(levels: int, bits: float) -> None:
    pixels = (np.arange(256) * levels // 256).astype(np.uint8).reshape(16, 16, 1)
    assert pixel_properties(pixels).entropy == pytest.approx(bits)
