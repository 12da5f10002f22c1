import io
import struct
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from models.canonical_image import CanonicalSpec, canonical_pixels, encode_png
from models.rendering.settings import Limits, RenderSettings
from models.rendering.tiff import render_tiff, sixteen_bit_levels
from pipeline.errors import ImageError
from pipeline.reasons import Reason

PLAIN, LIMITS = RenderSettings(), Limits()
PHOTOMETRIC = 262


def tiff(*pages: np.ndarray | Image.Image, **options: Any) -> bytes:
    images = [page if isinstance(page, Image.Image) else Image.fromarray(page) for page in pages]
    buffer = io.BytesIO()
    images[0].save(buffer, "TIFF", save_all=True, append_images=images[1:], **options)
    return buffer.getvalue()


def random_pixels(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def reason_of(encoded: bytes, limits: Limits = LIMITS, frame: int | None = None) -> str:
    with pytest.raises(ImageError) as caught:
        render_tiff(encoded, PLAIN, limits=limits, frame=frame)
    return caught.value.reason


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 3)])
@pytest.mark.parametrize("compression", [None, "tiff_lzw", "tiff_adobe_deflate", "packbits"])
def test_eight_bit_pixels_are_kept(shape: tuple[int, ...], compression: str | None) -> None:
    pixels = random_pixels(*shape)
    np.testing.assert_array_equal(render_tiff(tiff(pixels, compression=compression), PLAIN, limits=LIMITS), pixels)


def test_alpha_is_dropped() -> None:
    pixels = random_pixels(5, 7, 4)
    np.testing.assert_array_equal(render_tiff(tiff(pixels), PLAIN, limits=LIMITS), pixels[..., :3])


def test_palette_and_cmyk_become_rgb() -> None:
    for image in (Image.fromarray(random_pixels(5, 7, 3)).quantize(9), Image.fromarray(random_pixels(5, 7, 4), "CMYK")):
        np.testing.assert_array_equal(render_tiff(tiff(image), PLAIN, limits=LIMITS), np.array(image.convert("RGB")))


def test_bilevel_is_black_and_white() -> None:
    bits = random_pixels(5, 7) > 127
    np.testing.assert_array_equal(render_tiff(tiff(bits), PLAIN, limits=LIMITS), bits * np.uint8(255))


@pytest.mark.parametrize("mode", ["I;16", "I;16B"])
def test_sixteen_bit_grey_goes_through_the_stated_range(mode: str) -> None:
    image = Image.frombytes(mode, (4, 1), np.array([0, 1000, 2000, 5000], ">u2" if mode == "I;16B" else "<u2").tobytes())
    settings = replace(PLAIN, sixteen_bit_range=(1000, 3000))
    assert render_tiff(tiff(image), settings, limits=LIMITS).tolist() == [[0, 0, 128, 255]]


@pytest.mark.parametrize("value_range", [(0, 65_535), (100, 4000), (0, 1)])
def test_sixteen_bit_arithmetic_is_that_of_png(value_range: tuple[int, int]) -> None:
    values = np.arange(0, 65_536, 7, dtype=np.uint16)[: 96 * 96].reshape(96, 96)
    spec = CanonicalSpec(size=96, channels=1, sixteen_bit_range=value_range)
    through_png = canonical_pixels(encode_png(values[..., np.newaxis]), spec).numpy()[..., 0]
    np.testing.assert_array_equal(sixteen_bit_levels(values, value_range), through_png)


def test_white_is_zero_is_turned_round() -> None:
    values = np.array([[0, 65_535]], np.uint16)
    encoded = tiff(values)
    entry = struct.pack("<HHI", PHOTOMETRIC, 3, 1)
    assert encoded.count(entry) == 1
    place = encoded.index(entry) + len(entry)
    turned = encoded[:place] + b"\x00" + encoded[place + 1 :]
    assert render_tiff(encoded, PLAIN, limits=LIMITS).tolist() == [[0, 255]]
    assert render_tiff(turned, PLAIN, limits=LIMITS).tolist() == [[255, 0]]


@pytest.mark.parametrize("dtype", [np.int32, np.float32])
def test_signed_and_floating_values_take_windows_or_their_range(dtype: type) -> None:
    values = np.array([[-100, 0, 155]], dtype)
    assert render_tiff(tiff(values), PLAIN, limits=LIMITS).tolist() == [[0, 100, 255]]
    windowed = render_tiff(tiff(values), replace(PLAIN, windows=((1, 2),)), limits=LIMITS)
    assert windowed.tolist() == [[0, 0, 255]]


def test_pages_are_frames() -> None:
    pages = [random_pixels(5, 7, seed=seed) for seed in range(3)]
    encoded = tiff(*pages)
    np.testing.assert_array_equal(render_tiff(encoded, PLAIN, limits=LIMITS), pages[1])
    np.testing.assert_array_equal(render_tiff(encoded, PLAIN, limits=LIMITS, frame=3), pages[2])
    maximum = render_tiff(encoded, replace(PLAIN, frames="maximum"), limits=LIMITS)
    np.testing.assert_array_equal(maximum, np.max(pages, axis=0))
    assert reason_of(encoded, frame=4) == Reason.UNKNOWN_FRAME
    assert reason_of(encoded, replace(LIMITS, frames=2)) == Reason.TOO_MANY_FRAMES


def test_pages_that_differ_have_no_maximum() -> None:
    encoded = tiff(random_pixels(5, 7), random_pixels(5, 6))
    with pytest.raises(ImageError) as caught:
        render_tiff(encoded, replace(PLAIN, frames="maximum"), limits=LIMITS)
    assert caught.value.reason == Reason.UNSUPPORTED_FORMAT


def test_header_beyond_the_limit_is_refused_before_decoding() -> None:
    assert reason_of(tiff(random_pixels(5, 7)), replace(LIMITS, pixels=34)) == Reason.TOO_MANY_PIXELS
    entry, encoded = struct.pack("<HHI", 257, 4, 1), tiff(random_pixels(5, 7))
    place = encoded.index(entry) + len(entry)
    assert reason_of(encoded[:place] + b"\xff\xff\xff\x7f" + encoded[place + 4 :]) == Reason.TOO_MANY_PIXELS


def test_files_of_the_corpus_that_load_have_pixels(shared_data: Any) -> None:
    folder = shared_data / "hostile" / "fuzz-tiff"
    for name in ("video-001-tile-64x64.tiff", "video-001-uncompressed.tiff"):
        assert render_tiff((folder / name).read_bytes(), PLAIN, limits=LIMITS).shape == (103, 150, 3)


FILES = [
    tiff(random_pixels(9, 8)),
    tiff(random_pixels(9, 8, 3), compression="tiff_lzw"),
    tiff(random_pixels(9, 8).astype(np.uint16) * 200, random_pixels(9, 8), compression="tiff_adobe_deflate"),
]


@settings(max_examples=300)
@given(data=st.data(), encoded=st.sampled_from(FILES))
def test_changed_bytes_end_in_pixels_or_a_reason(data: st.DataObject, encoded: bytes) -> None:
    changed = bytearray(encoded[: data.draw(st.integers(0, len(encoded)))] if data.draw(st.booleans()) else encoded)
    for _ in range(data.draw(st.integers(1, 6)) if changed else 0):
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    try:
        pixels = render_tiff(bytes(changed), PLAIN, limits=replace(LIMITS, pixels=10_000))
    except ImageError:
        return
    assert pixels.dtype == np.uint8
    assert pixels.shape[0] * pixels.shape[1] <= 10_000
