import gzip
from dataclasses import replace
from itertools import permutations, product

import nibabel
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.rendering.file_kind import is_nifti
from models.rendering.nifti import render_nifti
from models.rendering.settings import Limits, RenderSettings
from pipeline.errors import ImageError
from pipeline.reasons import Reason

PLAIN, LIMITS = RenderSettings(), Limits()
VALUES = np.random.default_rng(3).integers(-1000, 1000, (6, 5, 4)).astype(np.int16)  # RAS: to the right, to the front, up


def nifti(values: np.ndarray, affine: np.ndarray | None = None, kind: type = nibabel.Nifti1Image) -> bytes:
    encoded: bytes = kind(values, np.eye(4) if affine is None else affine).to_bytes()
    return encoded


def levels(values: np.ndarray) -> np.ndarray:
    low, high = int(values.min()), int(values.max())
    return np.floor((values.astype(float) - low) / (high - low) * 255 + 0.5).astype(np.uint8)


def reason_of(encoded: bytes, limits: Limits = LIMITS, frame: int | None = None) -> str:
    with pytest.raises(ImageError) as caught:
        render_nifti(encoded, PLAIN, limits=limits, frame=frame)
    return caught.value.reason


def test_slice_is_seen_from_the_feet_with_the_front_up() -> None:
    values = np.zeros((3, 2, 1), np.int16)
    values[2, 1, 0] = 2  # right, front
    values[0, 0, 0] = 1  # left, back
    assert render_nifti(nifti(values), PLAIN, limits=LIMITS).tolist() == [[255, 0, 0], [0, 0, 128]]


@pytest.mark.parametrize("order", list(permutations(range(3))))
@pytest.mark.parametrize("signs", list(product((1, -1), repeat=3)))
def test_way_of_storing_changes_nothing(order: tuple[int, ...], signs: tuple[int, ...]) -> None:
    canonical = nibabel.Nifti1Image(VALUES, np.eye(4))
    stored = canonical.as_reoriented(np.array(list(zip(order, signs, strict=True))))
    for frame in (None, 1, 4):
        expected = render_nifti(canonical.to_bytes(), PLAIN, limits=LIMITS, frame=frame)
        np.testing.assert_array_equal(render_nifti(stored.to_bytes(), PLAIN, limits=LIMITS, frame=frame), expected)


def test_slices_are_frames_from_the_feet_up() -> None:
    for frame in range(1, 5):
        expected = levels(VALUES[::-1, ::-1, frame - 1].T)
        np.testing.assert_array_equal(render_nifti(nifti(VALUES), PLAIN, limits=LIMITS, frame=frame), expected)
    np.testing.assert_array_equal(
        render_nifti(nifti(VALUES), PLAIN, limits=LIMITS), render_nifti(nifti(VALUES), PLAIN, limits=LIMITS, frame=3)
    )
    maximum = render_nifti(nifti(VALUES), replace(PLAIN, frames="maximum"), limits=LIMITS)
    np.testing.assert_array_equal(maximum, levels(VALUES.max(axis=2)[::-1, ::-1].T))
    assert reason_of(nifti(VALUES), frame=5) == Reason.UNKNOWN_FRAME


def test_scaling_of_the_header_comes_before_the_window() -> None:
    image = nibabel.Nifti1Image(np.array([[[0], [10], [20], [30]]], np.int16), np.eye(4))
    image.header.set_slope_inter(2.0, -20.0)  # -20, 0, 20, 40
    image.header["scl_slope"], image.header["scl_inter"] = 2.0, -20.0
    encoded = bytearray(image.to_bytes())
    encoded[112:120] = np.array([2.0, -20.0], "<f4").tobytes()
    stored = np.frombuffer(bytes(encoded[352:]), "<i2")
    assert stored.tolist() == [0, 10, 20, 30]
    pixels = render_nifti(bytes(encoded), replace(PLAIN, windows=((0.5, 41),)), limits=LIMITS)  # -20 .. 20
    assert pixels[:, 0].tolist() == [255, 255, 128, 0]


@pytest.mark.parametrize("kind", [nibabel.Nifti1Image, nibabel.Nifti2Image])
@pytest.mark.parametrize("dtype", ["u1", "<i2", ">i2", "<f4", "f8", "<u4"])
def test_kinds_and_types_give_the_same_image(kind: type, dtype: str) -> None:
    values = np.abs(VALUES) % 256
    encoded = nifti(values.astype(dtype), kind=kind)
    assert is_nifti(encoded)
    expected = levels(values[::-1, ::-1, 2].T)
    np.testing.assert_array_equal(render_nifti(encoded, PLAIN, limits=LIMITS), expected)
    np.testing.assert_array_equal(render_nifti(gzip.compress(encoded), PLAIN, limits=LIMITS), expected)


def test_of_a_series_in_time_the_first_volume_counts() -> None:
    series = np.stack([VALUES, VALUES + 7, VALUES * 0], axis=-1)
    expected = render_nifti(nifti(VALUES), PLAIN, limits=LIMITS)
    np.testing.assert_array_equal(render_nifti(nifti(series), PLAIN, limits=LIMITS), expected)
    np.testing.assert_array_equal(render_nifti(gzip.compress(nifti(series)), PLAIN, limits=LIMITS), expected)


def test_flat_file_is_one_slice() -> None:
    expected = levels(VALUES[::-1, ::-1, 0].T)
    np.testing.assert_array_equal(render_nifti(nifti(VALUES[..., 0]), PLAIN, limits=LIMITS), expected)


def test_colour_is_kept() -> None:
    colours = np.random.default_rng(1).integers(0, 256, (6, 5, 1, 3), dtype=np.uint8)
    voxels = colours.view([("R", "u1"), ("G", "u1"), ("B", "u1")])[..., 0]
    pixels = render_nifti(nifti(voxels), PLAIN, limits=LIMITS)
    np.testing.assert_array_equal(pixels, colours[::-1, ::-1, 0].swapaxes(0, 1))


def test_several_windows_become_channels() -> None:
    settings = replace(PLAIN, windows=((0, 100), (40, 400), (-600, 1500)))
    assert render_nifti(nifti(VALUES), settings, limits=LIMITS).shape == (5, 6, 3)


def test_pixels_become_square() -> None:
    # 0.5 mm to the right and 1 mm to the front
    assert render_nifti(nifti(VALUES, np.diag([0.5, 1.0, 3.0, 1.0])), PLAIN, limits=LIMITS).shape == (10, 6)


def test_complex_numbers_are_refused() -> None:
    assert reason_of(nifti(VALUES.astype(np.complex64))) == Reason.UNSUPPORTED_FORMAT


def test_compressed_file_of_another_kind_is_refused() -> None:
    assert reason_of(gzip.compress(b"no header" * 999)) == Reason.UNSUPPORTED_FORMAT


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_file_that_ends_early_is_told(pack: type) -> None:
    encoded = nifti(VALUES)
    assert reason_of(pack(encoded[:-1])) == Reason.TRUNCATED
    assert reason_of(pack(encoded)[:-60]) == Reason.TRUNCATED


def claiming(*shape: int) -> bytes:
    header = nibabel.Nifti1Header()
    header.set_data_dtype(np.int16)
    header.set_data_shape(shape)
    header["magic"], header["vox_offset"] = b"n+1", 352
    encoded: bytes = header.binaryblock + bytes(4)
    return encoded


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_claims_are_checked_before_anything_is_unpacked(pack: type) -> None:
    assert reason_of(pack(claiming(32_000, 32_000, 1))) == Reason.TOO_MANY_PIXELS
    assert reason_of(pack(claiming(8, 8, 5000))) == Reason.TOO_MANY_FRAMES
    assert reason_of(pack(claiming(0, 8, 8))) == Reason.TOO_MANY_PIXELS


def test_bomb_is_refused_by_the_memory_that_it_claims() -> None:
    assert reason_of(gzip.compress(claiming(4000, 4000, 400))) == Reason.TOO_MUCH_MEMORY


def test_bomb_that_claims_little_is_unpacked_no_further() -> None:
    bomb = gzip.compress(nifti(VALUES) + bytes(2**26))
    assert len(bomb) < 2**17
    expected = render_nifti(nifti(VALUES), PLAIN, limits=LIMITS)
    np.testing.assert_array_equal(render_nifti(bomb, PLAIN, limits=LIMITS), expected)


FILES = [nifti(VALUES), gzip.compress(nifti(VALUES)), nifti(VALUES.astype(np.float32), kind=nibabel.Nifti2Image)]


@settings(max_examples=300)
@given(data=st.data(), encoded=st.sampled_from(FILES))
def test_changed_bytes_end_in_pixels_or_a_reason(data: st.DataObject, encoded: bytes) -> None:
    changed = bytearray(encoded[: data.draw(st.integers(0, len(encoded)))] if data.draw(st.booleans()) else encoded)
    for _ in range(data.draw(st.integers(1, 6)) if changed else 0):
        place = data.draw(st.one_of(st.integers(0, 360), st.integers(0, len(changed) - 1)))
        changed[min(place, len(changed) - 1)] = data.draw(st.integers(0, 255))
    try:
        pixels = render_nifti(bytes(changed), PLAIN, limits=replace(LIMITS, pixels=10_000))
    except ImageError:
        return
    assert pixels.dtype == np.uint8
    assert pixels.shape[0] * pixels.shape[1] <= 10_000
