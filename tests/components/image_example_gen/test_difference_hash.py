import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from components.image_example_gen.difference_hash import HEX_DIGITS, difference_hash, overlaps


def phantom(side: int = 64) -> np.ndarray:
    """Return uint8 [side, side, 1]: smooth structure, no two neighbouring means equal."""
    y, x = np.mgrid[:side, :side] / side
    grey = 120 + 70 * np.sin(7 * x + 3 * y) + 40 * np.cos(5 * y - 4 * x * x)
    return grey.clip(0, 255).astype(np.uint8)[..., np.newaxis]


def bits_apart(first: str, second: str) -> int:
    return (int(first, 16) ^ int(second, 16)).bit_count()


def test_bit_says_whether_a_mean_is_brighter_than_its_left_neighbour() -> None:
    rising = np.tile(np.arange(9, dtype=np.uint8), (8, 1))[..., np.newaxis]
    assert difference_hash(rising) == "f" * HEX_DIGITS
    assert difference_hash(rising[:, ::-1]) == "0" * HEX_DIGITS
    assert difference_hash(np.full((30, 30, 3), 77, np.uint8)) == "0" * HEX_DIGITS


def test_grey_image_in_three_channels_has_the_hash_of_one() -> None:
    assert difference_hash(np.repeat(phantom(), 3, axis=2)) == difference_hash(phantom())


def test_new_encoding_and_brightness_leave_the_hash_close() -> None:
    pixels = phantom()
    written = io.BytesIO()
    Image.fromarray(pixels[..., 0]).save(written, "JPEG", quality=60)
    encoded = np.asarray(Image.open(written))[..., np.newaxis]
    assert bits_apart(difference_hash(encoded), difference_hash(pixels)) <= 4
    brighter = np.clip(pixels.astype(int) + 25, 0, 255).astype(np.uint8)
    assert bits_apart(difference_hash(brighter), difference_hash(pixels)) <= 4


def test_another_image_is_far_away() -> None:
    assert bits_apart(difference_hash(phantom()), difference_hash(phantom()[:, ::-1])) > 16


@given(st.integers(1, 300), st.integers(1, 12))
def test_cells_cover_every_pixel_once(pixels: int, cells: int) -> None:
    covered = overlaps(pixels, cells)
    assert (covered.sum(axis=0) == cells).all()
    assert (covered.sum(axis=1) == pixels).all()


@pytest.mark.parametrize("side", [16, 28, 224])
def test_hash_is_that_of_exact_means(side: int) -> None:
    pixels = np.random.default_rng(side).integers(0, 256, (side, side, 1), dtype=np.uint8)
    fine = np.repeat(np.repeat(pixels[..., 0].astype(np.int64), 8, axis=0), 9, axis=1)
    means = fine.reshape(8, side, 9, side).sum(axis=(1, 3))
    expected = np.packbits(means[:, 1:] > means[:, :-1]).tobytes().hex()
    assert difference_hash(pixels) == expected
