import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from components.image_example_gen.picture_area import picture_area
from models.canonical_image import CanonicalSpec, fit_pixels

SIDE = st.integers(1, 90)


@settings(max_examples=40)
@given(SIDE, SIDE)
def test_area_of_a_white_image_is_all_that_is_white(height: int, width: int) -> None:
    spec = CanonicalSpec(size=32, channels=1)
    pixels = fit_pixels(tf.fill([height, width, 1], tf.constant(255, tf.uint8)), spec).numpy()
    area = picture_area(pixels, (height, width), spec)
    assert area.min() == 255
    assert area.size == np.count_nonzero(pixels)


@pytest.mark.parametrize("source", [(32, 32), (10, 90)])
def test_area_of_a_centre_crop_is_the_whole(source: tuple[int, int]) -> None:
    pixels = np.zeros((32, 32, 3), np.uint8)
    assert picture_area(pixels, source, CanonicalSpec(size=32, fit="center_crop")).shape == pixels.shape
