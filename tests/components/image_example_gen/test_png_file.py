import hashlib
import io

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy
from PIL import Image

from components.image_example_gen.png_file import png_file
from models.canonical_image import CanonicalSpec, canonical_pixels

PIXELS = st_numpy.arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9), st.sampled_from([1, 3])))


@given(PIXELS)
def test_pillow_reads_the_same_pixels_back(pixels: np.ndarray) -> None:
    with Image.open(io.BytesIO(png_file(pixels))) as image:
        image.load()
        channels = np.asarray(image.convert("RGB"))
    np.testing.assert_array_equal(channels, np.broadcast_to(pixels, (*pixels.shape[:2], 3)))


@given(st_numpy.arrays(np.uint8, (16, 16, 3)))
def test_canonical_image_is_the_identity_on_it(pixels: np.ndarray) -> None:
    np.testing.assert_array_equal(canonical_pixels(png_file(pixels), CanonicalSpec(size=16)), pixels)


def test_grey_image_in_three_channels_is_stored_as_grey() -> None:
    grey = np.random.default_rng(0).integers(0, 256, (16, 16, 1), dtype=np.uint8)
    file = png_file(np.repeat(grey, 3, axis=2))
    assert file == png_file(grey)
    np.testing.assert_array_equal(canonical_pixels(file, CanonicalSpec(size=16))[..., 2:], grey)


def test_equal_pixels_give_equal_bytes_whatever_their_layout() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (8, 9, 3), dtype=np.uint8)
    assert png_file(np.asfortranarray(pixels)) == png_file(pixels)


def test_bytes_are_those_of_every_other_machine() -> None:
    noise = (np.arange(64 * 64 * 3) * 2654435761 % 2**32 >> 27).astype(np.uint8).reshape(64, 64, 3)  # Knuth's multiplicative hash
    digest = hashlib.sha256(png_file(noise)).hexdigest()
    assert digest == "d8164e4251c5daf364611541b5bf3ba79ece10f80862e2f94379f8da78aaba9e", (
        "only another version of deflate may change them: it is part of what an ingest is known by"
    )
