import csv
import hashlib
import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from components.image_example_gen.image_reader import decode, read_file, read_image
from components.image_example_gen.manifest import ManifestRow
from models.canonical_image import CanonicalSpec, canonical_pixels
from pipeline.errors import ImageError
from pipeline.reasons import MEANING, Reason

SPEC = CanonicalSpec(size=16)


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "a b,ü.jpg"
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (30, 40, 3), dtype=np.uint8)).save(path)
    return path


def row(path: str, sha256: str = "") -> ManifestRow:
    return ManifestRow(1, path, "ill", "P1", sha256=sha256)


def reason_of(row: ManifestRow, folder: Path, spec: CanonicalSpec = SPEC) -> str:
    with pytest.raises(ImageError) as caught:
        read_image(row, folder, spec)
    assert str(caught.value) == MEANING[Reason(caught.value.reason)]
    return caught.value.reason


def test_image_has_size_pixels_and_a_png_of_them(picture: Path) -> None:
    image = read_image(row(picture.name), picture.parent, SPEC)
    assert (image.height, image.width) == (30, 40)
    np.testing.assert_array_equal(image.pixels, canonical_pixels(picture.read_bytes(), SPEC))
    np.testing.assert_array_equal(canonical_pixels(image.png, SPEC), image.pixels)


def test_absolute_path_and_link_lead_to_the_same_image(picture: Path, tmp_path: Path) -> None:
    (tmp_path / "link.jpg").symlink_to(picture)
    keys = {read_image(row(path), tmp_path, SPEC).pixels_sha256 for path in (picture.name, str(picture), "link.jpg")}
    assert len(keys) == 1


def test_digest_is_of_pixels_and_shape() -> None:
    images = [decode(png_of(np.zeros(shape, np.uint8)), SPEC) for shape in ((16, 16), (16, 16, 3), (32, 32))]
    assert len({image.pixels_sha256 for image in images}) == 1
    grey = decode(png_of(np.zeros((16, 16), np.uint8)), CanonicalSpec(size=16, channels=1))
    assert grey.pixels_sha256 == hashlib.sha256(b"16x16x1\x00" + bytes(256)).hexdigest()
    assert grey.pixels_sha256 != images[0].pixels_sha256


def png_of(pixels: np.ndarray) -> bytes:
    from io import BytesIO  # noqa: PLC0415

    buffer = BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def test_file_that_differs_from_the_manifest_is_told(picture: Path, tmp_path: Path) -> None:
    right = hashlib.sha256(picture.read_bytes()).hexdigest()
    assert read_image(row(picture.name, right), tmp_path, SPEC)
    picture.write_bytes(picture.read_bytes() + b"\x00")
    assert reason_of(row(picture.name, right), tmp_path) == Reason.CHANGED_FILE


@pytest.mark.parametrize("path", ["absent.png", "", ".", "a\x00b.png", "x" * 300, "a b,ü.jpg/inside.png", "dangling.png"])
def test_path_that_leads_to_no_file(path: str, picture: Path, tmp_path: Path) -> None:
    (tmp_path / "dangling.png").symlink_to(tmp_path / "nowhere")
    assert reason_of(row(path), picture.parent) in (Reason.MISSING_FILE, Reason.UNREADABLE_FILE)


def test_named_pipe_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    assert reason_of(row("pipe.png"), tmp_path) == Reason.UNREADABLE_FILE


@pytest.fixture
def closed_picture(picture: Path, open_folder: Path) -> Path:
    closed = open_folder / picture.name
    closed.write_bytes(picture.read_bytes())
    closed.chmod(0)
    return closed


def test_file_without_the_right_to_read(closed_picture: Path, ordinary_user: None) -> None:
    assert reason_of(row(closed_picture.name), closed_picture.parent) == Reason.UNREADABLE_FILE


def test_file_beyond_any_image_is_not_read(picture: Path) -> None:
    with pytest.raises(ImageError, match="larger than any image"):
        read_file(picture, picture.stat().st_size - 1)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (lambda _: b"", Reason.TRUNCATED),
        (lambda _: b"\x89PNG", Reason.TRUNCATED),
        (lambda data: data[:2], Reason.TRUNCATED),
        (lambda data: data[:40], Reason.TRUNCATED),
        (lambda data: data[:-200], Reason.TRUNCATED),
        (lambda _: b"GIF89a" + bytes(50), Reason.UNSUPPORTED_FORMAT),
        (lambda data: bytes(128) + b"DICM" + data, Reason.UNSUPPORTED_FORMAT),
        (lambda _: png_of(np.zeros((16, 16), np.uint8)).replace(b"IDAT", b"IDAX"), Reason.UNDECODABLE),
    ],
)
def test_damage_has_its_reason(picture: Path, content: object, reason: Reason) -> None:
    picture.write_bytes(content(picture.read_bytes()))  # type: ignore[operator]
    assert reason_of(row(picture.name), picture.parent) == reason


def test_header_beyond_the_limit_has_its_reason(picture: Path) -> None:
    spec = CanonicalSpec(size=16, max_pixels=30 * 40 - 1)
    assert reason_of(row(picture.name), picture.parent, spec) == Reason.TOO_MANY_PIXELS


def test_hostile_files_end_in_an_image_or_a_reason(shared_data: Path) -> None:
    folder = shared_data / "hostile"
    reasons: Counter[str] = Counter()
    with (folder / "INDEX.csv").open() as file:
        for entry in csv.DictReader(file):
            try:
                read_image(row(entry["file"], entry["sha256"]), folder, SPEC)
                reasons["image"] += 1
            except ImageError as error:
                reasons[error.reason] += 1
    assert reasons["unsupported_format"] >= 99  # TIFF, GIF and BMP
    assert reasons["too_many_pixels"] >= 3
    assert reasons["truncated"] > 0
    assert reasons["undecodable"] > 0
    assert reasons["image"] >= 180
    assert not {"missing_file", "changed_file", "unreadable_file"} & set(reasons)
