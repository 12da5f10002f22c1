from pathlib import Path

import pytest

from components.image_example_gen.image_file import METADATA_BYTES, read_file
from models.image_signature import PNG_SIGNATURE
from models.rendering.settings import Limits
from pipeline.errors import ImageError


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "picture.png"
    path.write_bytes(PNG_SIGNATURE)
    return path


def test_all_bytes_of_a_file_come_back(picture: Path) -> None:
    assert read_file(picture, Limits()) == PNG_SIGNATURE


def test_file_beyond_any_image_is_not_read(picture: Path) -> None:
    with picture.open("ab") as file:
        file.truncate(METADATA_BYTES + 1)
    with pytest.raises(ImageError, match=r"larger than any of image\.max_pixels"):
        read_file(picture, Limits(pixels=0))


def test_file_that_holds_frames_may_be_larger_than_an_image(picture: Path) -> None:
    picture.write_bytes(bytes(128) + b"DICM" + bytes(METADATA_BYTES))
    size = picture.stat().st_size
    assert len(read_file(picture, Limits(pixels=0, bytes=size))) == size
    with pytest.raises(ImageError, match=r"larger than image\.limits\.bytes"):
        read_file(picture, Limits(pixels=0, bytes=size - 1))
