import hashlib
from pathlib import Path

import pytest

from pipeline.batch.archive import ArchivedImage, archive_of
from pipeline.batch.shard_prediction import ShardPrediction


@pytest.fixture(scope="module")
def prediction_of(version):
    made = ShardPrediction(version, 4)
    yield lambda images: list(made.lines(images, lambda _: None))
    made.close()


def test_each_image_has_a_line_in_order_whatever_the_file(prediction_of, real_archive, reasons):
    images = list(archive_of(real_archive).images())
    lines = prediction_of(images)
    assert [line.outcome.source for line in lines] == [image.name for image in images]
    found = reasons(lines)
    assert found.pop("") > len(images) / 3
    assert {"truncated", "undecodable", "unsupported_format"} & found.keys()
    assert not {"internal", "unknown", "invalid_argument"} & found.keys()


def test_digest_is_of_the_bytes_that_were_read(prediction_of, images):
    for line, image in zip(prediction_of(images), images, strict=True):
        assert line.sha256 == hashlib.sha256(Path(image.path).read_bytes()).hexdigest()


def test_what_is_wrong_with_one_image_is_told_of_that_image_alone(prediction_of, images, pictures, reasons):
    whole = (pictures / "2.png").read_bytes()
    (pictures / "2.png").write_bytes(whole[:60])
    (pictures / "3.png").write_bytes(b"")
    (pictures / "4.png").write_bytes(whole[:16] + b"\x7f\xff\xff\xff" * 2 + whole[24:])
    (pictures / "5.png").unlink()
    images[6] = ArchivedImage(images[6].path, None, "ab" * 32)
    images[7] = ArchivedImage(images[7].path, 2)
    lines = prediction_of(images)
    wrong = ["truncated", "truncated", "too_many_pixels", "missing_file", "changed_file", "unknown_frame"]
    assert [line.outcome.reason for line in lines[2:8]] == wrong
    assert reasons([*lines[:2], *lines[8:]]) == {"": 4}


def test_progress_tells_each_batch(version, images):
    made, told = ShardPrediction(version, 4), []
    try:
        list(made.lines(images, told.append))
    finally:
        made.close()
    assert told == [4, 4, 2]
