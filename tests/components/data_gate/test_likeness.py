import io

import numpy as np
import pytest
from PIL import Image

from components.data_gate.likeness import SIDE, grey_values, unit_vector


def png(pixels: np.ndarray) -> bytes:
    written = io.BytesIO()
    Image.fromarray(pixels).save(written, "PNG")
    return written.getvalue()


def test_product_is_numpys_correlation() -> None:
    first, second = np.random.default_rng(1).integers(0, 256, (2, 400), dtype=np.uint8)
    expected = np.corrcoef(first, second)[0, 1]
    assert unit_vector(first) @ unit_vector(second) == pytest.approx(expected, abs=1e-6)


def test_brightness_and_contrast_are_not_seen() -> None:
    image = np.random.default_rng(1).integers(0, 100, 400, dtype=np.uint8)
    assert unit_vector(image) @ unit_vector(image * 2 + 30) == pytest.approx(1.0, abs=1e-6)


def test_single_grey_is_like_nothing() -> None:
    assert not unit_vector(np.full(9, 7, np.uint8)).any()


def test_small_image_keeps_its_pixels_and_a_large_one_is_reduced_by_area() -> None:
    small = np.arange(9, dtype=np.uint8).reshape(3, 3)
    assert grey_values(png(small)).tolist() == list(range(9))
    large = np.repeat(np.repeat(np.arange(SIDE * SIDE).reshape(SIDE, SIDE) % 251, 2, 0), 2, 1).astype(np.uint8)
    assert grey_values(png(large)).tolist() == (np.arange(SIDE * SIDE) % 251).tolist()
