import contextlib
import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from models.canonical_image import CanonicalSpec, canonical_pixels, encode_png, fit_pixels, source_size

Way = Callable[[list[bytes], CanonicalSpec], list[np.ndarray]]
SMALL = CanonicalSpec(size=32)
GREY = CanonicalSpec(size=32, channels=1)


def encoded(pixels: np.ndarray, form: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, form, **options)
    return buffer.getvalue()


def random_pixels(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def eagerly(data: bytes, spec: CanonicalSpec) -> np.ndarray:
    return canonical_pixels(tf.constant(data), spec).numpy()


def in_graph(files: list[bytes], spec: CanonicalSpec) -> list[np.ndarray]:
    function = tf.function(lambda item: canonical_pixels(item, spec), input_signature=[tf.TensorSpec([], tf.string)])
    return [function(tf.constant(data)).numpy() for data in files]


def in_dataset(files: list[bytes], spec: CanonicalSpec) -> list[np.ndarray]:
    dataset = tf.data.Dataset.from_tensor_slices(files).map(lambda item: canonical_pixels(item, spec), num_parallel_calls=2)
    return list(dataset.as_numpy_iterator())


def in_batch_of_a_session(files: list[bytes], spec: CanonicalSpec) -> list[np.ndarray]:
    """As a server runs it: a TF1 session over a mapped batch."""
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        batch = tf.compat.v1.placeholder(tf.string, [None])
        pixels = tf.map_fn(lambda item: canonical_pixels(item, spec), batch, fn_output_signature=tf.uint8)
        return list(session.run(pixels, {batch: files}))


def png_claiming(width: int, height: int) -> bytes:
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))


def cmyk_jpeg() -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(random_pixels(64, 90, 3)).convert("CMYK").save(buffer, "JPEG")
    return buffer.getvalue()


FORMS = {
    "grey": encoded(random_pixels(50, 40)),
    "rgb": encoded(random_pixels(50, 40, 3)),
    "rgba": encoded(random_pixels(20, 70, 4)),
    "bilevel": encoded(random_pixels(50, 40) > 127),
    "sixteen_bit": encoded(random_pixels(50, 40).astype(np.uint16) * 200),
    "jpeg": encoded(random_pixels(64, 90, 3), "JPEG"),
    "grey_jpeg": encoded(random_pixels(64, 90), "JPEG"),
    "cmyk_jpeg": cmyk_jpeg(),
}


@pytest.mark.parametrize("way", [in_graph, in_dataset, in_batch_of_a_session])
@pytest.mark.parametrize("fit", ["letterbox", "center_crop"])
@pytest.mark.parametrize("channels", [1, 3])
def test_eager_graph_dataset_and_session_give_equal_bytes(way: Way, fit: str, channels: int) -> None:
    spec = CanonicalSpec(size=32, channels=channels, fit=fit)  # type: ignore[arg-type]
    found = way(list(FORMS.values()), spec)
    for form, pixels in zip(FORMS, found, strict=True):
        assert pixels.shape == (32, 32, channels)
        np.testing.assert_array_equal(pixels, eagerly(FORMS[form], spec), err_msg=form)


@pytest.mark.parametrize("form", sorted(FORMS))
@pytest.mark.parametrize("spec", [SMALL, GREY, CanonicalSpec(size=32, fit="center_crop")])
def test_identity_on_its_own_output(form: str, spec: CanonicalSpec) -> None:
    once = eagerly(FORMS[form], spec)
    np.testing.assert_array_equal(eagerly(encode_png(once).numpy(), spec), once)


@settings(max_examples=40)
@given(
    height=st.integers(1, 90),
    width=st.integers(1, 90),
    channels=st.sampled_from([1, 3]),
    fit=st.sampled_from(["letterbox", "center_crop"]),
)
def test_every_shape_becomes_the_canonical_one(height: int, width: int, channels: int, fit: str) -> None:
    spec = CanonicalSpec(size=32, channels=channels, fit=fit)  # type: ignore[arg-type]
    once = eagerly(encoded(random_pixels(height, width, 3)), spec)
    assert once.shape == (32, 32, channels)
    np.testing.assert_array_equal(eagerly(encode_png(once).numpy(), spec), once)


def test_letterbox_centres_the_whole_image_on_black() -> None:
    pixels = eagerly(encoded(np.full((10, 20), 200, np.uint8)), GREY)[..., 0]
    np.testing.assert_array_equal(pixels[8:24], 200)
    assert not pixels[:8].any()
    assert not pixels[24:].any()


def test_center_crop_keeps_the_central_square() -> None:
    source = np.zeros((32, 96), np.uint8)
    source[:, 32:64] = 90
    np.testing.assert_array_equal(eagerly(encoded(source), CanonicalSpec(size=32, channels=1, fit="center_crop")), 90)


def test_shrinking_takes_the_area_mean() -> None:
    source = random_pixels(64, 64)
    mean = source.reshape(32, 2, 32, 2).mean(axis=(1, 3))
    np.testing.assert_array_equal(eagerly(encoded(source), GREY)[..., 0], np.floor(mean + 0.5))


def test_one_long_row_of_pixels_survives() -> None:
    assert eagerly(encoded(np.full((1, 5000), 255, np.uint8)), GREY).max() == 255


@pytest.mark.parametrize("spec", [SMALL, GREY])
def test_grey_and_colour_files_of_one_grey_image_agree(spec: CanonicalSpec) -> None:
    grey = random_pixels(32, 32)
    colour = np.repeat(grey[..., None], 3, axis=2)
    np.testing.assert_array_equal(eagerly(encoded(grey), spec), eagerly(encoded(colour), spec))


def test_grey_of_a_colour_png_weighs_green_most() -> None:
    pure = np.zeros((32, 32, 3), np.uint8)
    values = [eagerly(encoded(pure + np.eye(3, dtype=np.uint8)[channel] * 255), GREY)[0, 0, 0] for channel in range(3)]
    assert values == [76, 150, 29]  # 0.299, 0.587, 0.114 of 255


def test_sixteen_bit_values_are_mapped_from_the_stated_range() -> None:
    values = np.tile(np.array([0, 1000, 1500, 2000, 60000], np.uint16), (5, 1))
    spec = CanonicalSpec(size=5, channels=1, sixteen_bit_range=(1000, 2000))
    np.testing.assert_array_equal(eagerly(encoded(values), spec)[0, :, 0], [0, 0, 128, 255, 255])


def test_alpha_is_dropped() -> None:
    pixels = random_pixels(32, 32, 4)
    np.testing.assert_array_equal(eagerly(encoded(pixels), SMALL), pixels[..., :3])


@pytest.mark.parametrize("claim", [(10_000, 10_000), (2**32 - 1, 2**32 - 1), (2**31, 1), (0, 5)])
def test_header_that_claims_too_much_is_refused_before_decoding(claim: tuple[int, int]) -> None:
    with pytest.raises(tf.errors.InvalidArgumentError, match="the header claims"):
        eagerly(png_claiming(*claim), SMALL)


@pytest.mark.parametrize("way", [in_graph, in_dataset, in_batch_of_a_session])
def test_header_is_guarded_in_graphs_too(way: Way) -> None:
    with pytest.raises(tf.errors.InvalidArgumentError, match="the header claims"):
        way([png_claiming(2**31, 2**31)], SMALL)


def test_jpeg_header_is_guarded_too() -> None:
    with pytest.raises(tf.errors.InvalidArgumentError, match="the header claims"):
        eagerly(FORMS["jpeg"], CanonicalSpec(size=32, max_pixels=64 * 90 - 1))
    eagerly(FORMS["jpeg"], CanonicalSpec(size=32, max_pixels=64 * 90))


@pytest.mark.parametrize("data", [b"", b"\x89", b"GIF89a", b"BM" + bytes(60), b"\xff\xd8", b"RIFF0000WEBPVP8 "])
def test_other_formats_are_refused(data: bytes) -> None:
    with pytest.raises(tf.errors.InvalidArgumentError, match="expected the bytes of a PNG or JPEG file"):
        eagerly(data, SMALL)


def test_png_that_ends_in_its_header_is_refused() -> None:
    with pytest.raises(tf.errors.InvalidArgumentError, match="expected a PNG header of 33 bytes"):
        eagerly(FORMS["rgb"][:30], SMALL)


@settings(max_examples=60)
@given(form=st.sampled_from(["rgb", "jpeg", "sixteen_bit"]), share=st.floats(0, 0.98))
def test_truncated_files_are_refused(form: str, share: float) -> None:
    whole = FORMS[form]
    with pytest.raises(tf.errors.InvalidArgumentError):
        eagerly(whole[: int(share * len(whole))], SMALL)


@settings(max_examples=100)
@given(form=st.sampled_from(["rgb", "jpeg", "sixteen_bit"]), at=st.floats(0, 1, exclude_max=True), value=st.integers(0, 255))
def test_damaged_bytes_give_pixels_or_an_error(form: str, at: float, value: int) -> None:
    data = bytearray(FORMS[form])
    data[int(at * len(data))] = value
    with contextlib.suppress(tf.errors.InvalidArgumentError):
        assert eagerly(bytes(data), SMALL).shape == (32, 32, 3)


@pytest.mark.parametrize("form", ["rgba", "jpeg"])
def test_source_size_is_height_and_width(form: str) -> None:
    with Image.open(io.BytesIO(FORMS[form])) as image:
        assert source_size(tf.constant(FORMS[form])).numpy().tolist() == [image.height, image.width]


def test_pngsuite_agrees_with_pillow(shared_data: Path) -> None:
    compared = 0
    for path in sorted((shared_data / "hostile/pngsuite").glob("[!x]*.png")):
        with Image.open(path) as image:
            if image.mode.startswith("I") or image.size != (32, 32):
                continue  # 16-bit greys: Pillow has no 8-bit form to compare with
            expected = np.asarray(image.convert("RGBA"))[..., :3]
        if path.read_bytes()[24] == 16:
            continue
        np.testing.assert_array_equal(eagerly(path.read_bytes(), SMALL), expected, err_msg=path.name)
        compared += 1
    assert compared > 50


def test_hostile_files_give_pixels_or_an_error(shared_data: Path) -> None:
    function = tf.function(lambda item: canonical_pixels(item, SMALL), input_signature=[tf.TensorSpec([], tf.string)])
    refused = 0
    for path in sorted((shared_data / "hostile").glob("*/*")):
        try:
            assert function(tf.constant(path.read_bytes())).shape == (32, 32, 3)
        except tf.errors.InvalidArgumentError:
            refused += 1
    assert refused > 300


@settings(max_examples=60)
@given(
    shape=st.sampled_from([(1, 1), (1, 70), (40, 3), (33, 32), (200, 90)]),
    form=st.sampled_from([(), (1,), (3,)]),
    spec=st.builds(
        CanonicalSpec, size=st.just(32), channels=st.sampled_from([1, 3]), fit=st.sampled_from(["letterbox", "center_crop"])
    ),
    seed=st.integers(0, 99),
)
def test_fitting_pixels_equals_the_way_through_a_png_file(
    shape: tuple[int, int], form: tuple[int, ...], spec: CanonicalSpec, seed: int
) -> None:
    pixels = random_pixels(*shape, *form, seed=seed)
    direct = fit_pixels(tf.constant(pixels.reshape(*shape, -1)), spec)
    whole_way = eagerly(encoded(pixels.reshape(shape) if form == (1,) else pixels), spec)
    np.testing.assert_array_equal(direct, whole_way)


@pytest.mark.parametrize("fit", ["letterbox", "center_crop"])
def test_nothing_is_asserted_of_decoded_pixels_for_which_the_next_image_of_a_batch_would_wait(fit: str) -> None:
    specification = CanonicalSpec(size=32, fit=fit)
    traced = tf.function(lambda pixels: fit_pixels(pixels, specification)).get_concrete_function(
        tf.TensorSpec([None, None, 3], tf.uint8)
    )
    definition = traced.graph.as_graph_def()
    functions = [function.node_def for function in definition.library.function]
    operations = {node.op for nodes in [definition.node, *functions] for node in nodes}
    assert {"ResizeArea", "ResizeBilinear"} <= operations
    assert "Assert" not in operations
