import gzip
import hashlib
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from components.image_example_gen.guarded_worker import GuardedRenderer
from components.image_example_gen.image_reader import ImageReader, decode_in_process, traced_once
from components.image_example_gen.manifest import ManifestRow
from models.canonical_image import CanonicalSpec, canonical_pixels
from models.rendering.render import render
from models.rendering.settings import Limits, RenderSettings
from pipeline.errors import ImageError
from pipeline.reasons import MEANING, Reason

SPEC = CanonicalSpec(size=16)
LIMITS = Limits()


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "a b,ü.jpg"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (30, 40, 3), dtype=np.uint8)).save(path)
    return path


@pytest.fixture(scope="module")
def reader() -> Iterator[ImageReader]:
    """One for all files: what a file leaves in the process that renders must not matter to the next."""
    with GuardedRenderer(RenderSettings(), Limits()) as renderer:
        yield ImageReader(SPEC, LIMITS, renderer)


def row(path: str, sha256: str = "", frame: int | None = None) -> ManifestRow:
    return ManifestRow(1, path, "ill", "P1", sha256=sha256, frame=frame)


def reason_of(row: ManifestRow, folder: Path, reader: ImageReader) -> str:
    with pytest.raises(ImageError) as caught:
        reader.read(row, folder)
    assert str(caught.value) == MEANING[Reason(caught.value.reason)]
    return caught.value.reason


def test_image_has_size_pixels_and_a_png_of_them(picture: Path, reader: ImageReader) -> None:
    image = reader.read(row(picture.name), picture.parent)
    assert (image.height, image.width) == (30, 40)
    np.testing.assert_array_equal(image.pixels, canonical_pixels(picture.read_bytes(), SPEC))
    np.testing.assert_array_equal(canonical_pixels(image.png, SPEC), image.pixels)


def test_absolute_path_and_link_lead_to_the_same_image(picture: Path, tmp_path: Path, reader: ImageReader) -> None:
    (tmp_path / "link.jpg").symlink_to(picture)
    keys = {reader.read(row(path), tmp_path).pixels_sha256 for path in (picture.name, str(picture), "link.jpg")}
    assert len(keys) == 1


def encoded(mode: str, form: str, **options: int) -> bytes:
    stream = BytesIO()
    Image.new(mode, (20, 30)).save(stream, form, **options)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("content", "bits"),
    [
        (encoded("L", "PNG"), 8),
        (encoded("I;16", "PNG"), 16),
        (encoded("1", "PNG"), 1),
        (encoded("P", "PNG", bits=4), 8),
        (encoded("RGB", "JPEG"), 8),
        (encoded("L", "TIFF"), 8),
        (encoded("I;16", "TIFF"), 16),
    ],
    ids=["PNG", "PNG 16", "PNG 1", "PNG palette", "JPEG", "TIFF", "TIFF 16"],
)
def test_image_tells_the_bits_of_its_source(content: bytes, bits: int, reader: ImageReader) -> None:
    assert reader.decode(content).bits == bits


def test_digest_is_of_pixels_and_shape() -> None:
    images = [decode_in_process(png_of(np.zeros(shape, np.uint8)), SPEC) for shape in ((16, 16), (16, 16, 3), (32, 32))]
    assert len({image.pixels_sha256 for image in images}) == 1
    grey = decode_in_process(png_of(np.zeros((16, 16), np.uint8)), CanonicalSpec(size=16, channels=1))
    assert grey.pixels_sha256 == hashlib.sha256(b"16x16x1\x00" + bytes(256)).hexdigest()
    assert grey.pixels_sha256 != images[0].pixels_sha256


def png_of(pixels: np.ndarray) -> bytes:
    from io import BytesIO  # noqa: PLC0415

    buffer = BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def test_file_that_differs_from_the_manifest_is_told(picture: Path, tmp_path: Path, reader: ImageReader) -> None:
    right = hashlib.sha256(picture.read_bytes()).hexdigest()
    assert reader.read(row(picture.name, right), tmp_path)
    picture.write_bytes(picture.read_bytes() + b"\x00")
    assert reason_of(row(picture.name, right), tmp_path, reader) == Reason.CHANGED_FILE


@pytest.mark.parametrize("path", ["absent.png", "", ".", "a\x00b.png", "x" * 300, "a b,ü.jpg/inside.png", "dangling.png"])
def test_path_that_leads_to_no_file(path: str, picture: Path, tmp_path: Path, reader: ImageReader) -> None:
    (tmp_path / "dangling.png").symlink_to(tmp_path / "nowhere")
    assert reason_of(row(path), picture.parent, reader) in (Reason.MISSING_FILE, Reason.UNREADABLE_FILE)


def test_named_pipe_does_not_block(tmp_path: Path, reader: ImageReader) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    assert reason_of(row("pipe.png"), tmp_path, reader) == Reason.UNREADABLE_FILE


@pytest.fixture
def closed_picture(picture: Path, open_folder: Path) -> Path:
    closed = open_folder / picture.name
    closed.write_bytes(picture.read_bytes())
    closed.chmod(0)
    return closed


def test_file_without_the_right_to_read(closed_picture: Path, ordinary_user: None, reader: ImageReader) -> None:
    assert reason_of(row(closed_picture.name), closed_picture.parent, reader) == Reason.UNREADABLE_FILE


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (lambda _: b"", Reason.TRUNCATED),
        (lambda _: b"\x89PNG", Reason.TRUNCATED),
        (lambda data: data[:2], Reason.TRUNCATED),
        (lambda data: data[:40], Reason.TRUNCATED),
        (lambda data: data[:-200], Reason.TRUNCATED),
        (lambda _: b"GIF89a" + bytes(50), Reason.UNSUPPORTED_FORMAT),
        (lambda data: bytes(128) + b"DICM" + data, Reason.NO_PIXELS),
        (gzip.compress, Reason.UNSUPPORTED_FORMAT),
        (lambda _: b"II*\x00" + bytes(50), Reason.UNDECODABLE),
        (lambda _: png_of(np.zeros((16, 16), np.uint8)).replace(b"IDAT", b"IDAX"), Reason.UNDECODABLE),
    ],
)
def test_damage_has_its_reason(picture: Path, content: object, reason: Reason, reader: ImageReader) -> None:
    picture.write_bytes(content(picture.read_bytes()))  # type: ignore[operator]
    assert reason_of(row(picture.name), picture.parent, reader) == reason


def test_header_beyond_the_limit_has_its_reason(picture: Path, reader: ImageReader) -> None:
    narrow = replace(reader, spec=replace(SPEC, max_pixels=30 * 40 - 1))
    assert reason_of(row(picture.name), picture.parent, narrow) == Reason.TOO_MANY_PIXELS


def test_frame_of_a_file_that_has_none_is_refused(picture: Path, reader: ImageReader) -> None:
    assert reason_of(row(picture.name, frame=1), picture.parent, reader) == Reason.UNKNOWN_FRAME


@pytest.mark.parametrize(
    "name", ["pydicom/CT_small.dcm", "pydicom-data/HTJ2KLossless_08_RGB.dcm", "pydicom-data/JLSL_RGB_ILV0.dcm"]
)
def test_rendered_file_is_fitted_as_a_png_of_its_pixels(name: str, shared_data: Path, reader: ImageReader) -> None:
    encoded = (shared_data / "dicom" / name).read_bytes()
    rendered = render(encoded, RenderSettings(), limits=LIMITS)
    image = reader.read(row(name), shared_data / "dicom")
    expected = decode_in_process(png_of(rendered), SPEC)
    assert (image.png, image.pixels_sha256) == (expected.png, expected.pixels_sha256)
    assert (image.height, image.width) == rendered.shape[:2]


def test_row_chooses_the_frame(shared_data: Path, reader: ImageReader) -> None:
    folder, name = shared_data / "dicom" / "pydicom", "rtdose.dcm"
    images = {frame: reader.read(row(name, frame=frame), folder).pixels_sha256 for frame in (None, 1, 8, 15)}
    assert images[None] == images[8]  # of 15 the middle one
    assert len(set(images.values())) == 3
    assert reason_of(row(name, frame=16), folder, reader) == Reason.UNKNOWN_FRAME


def test_kind_follows_from_the_content_and_not_from_the_name(picture: Path, shared_data: Path, reader: ImageReader) -> None:
    picture.write_bytes((shared_data / "dicom/pydicom/CT_small.dcm").read_bytes())
    assert reader.read(row(picture.name), picture.parent).height == 128


def test_threads_that_come_at_once_trace_a_function_once_for_all() -> None:
    traces = []

    @traced_once
    def function_of(spec: CanonicalSpec) -> object:
        traces.append(spec)
        time.sleep(0.1)  # as tracing takes: the others come meanwhile
        return object()

    with ThreadPoolExecutor(4) as pool:
        functions = set(pool.map(function_of, [SPEC] * 4))
    assert (len(functions), len(traces)) == (1, 1)
    assert function_of(replace(SPEC, size=32)) not in functions
