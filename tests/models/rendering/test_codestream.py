import csv
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.encaps import get_frame

from models.rendering.codestream import claimed_size

HEADED = ("1.2.840.10008.1.2.4",)  # JPEG, JPEG-LS and JPEG 2000 of all kinds


def test_every_compressed_file_claims_the_size_of_its_dataset(shared_data: Path, quiet) -> None:
    folder = shared_data / "dicom"
    with (folder / "INDEX.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["transfer_syntax"].startswith(HEADED) and row["decodes"] == "yes"]
    assert len(rows) == 34
    for row in rows:
        dataset = dcmread(folder / row["file"], force=True)
        claim = claimed_size(get_frame(dataset.PixelData, 0, number_of_frames=int(dataset.get("NumberOfFrames") or 1)))
        assert claim == (dataset.Rows, dataset.Columns, dataset.SamplesPerPixel), row["file"]


@pytest.mark.parametrize(
    "frame",
    [
        b"",
        b"\xff\xd8",
        b"\xff\xd8\xff\xc0\x00",
        b"\xff\xd8" + b"\xff" * 50,
        b"\xff\x4f\xff\x51\x00",
        b"RLE",
        b"\xff\xd8" + b"a" * 50,
    ],
)
def test_a_header_that_ends_early_claims_nothing(frame: bytes) -> None:
    assert claimed_size(frame) is None


def test_segments_before_the_frame_header_are_passed_over() -> None:
    comment = b"\xff\xfe\x00\x06" + b"\xff\xc0ab"
    assert claimed_size(b"\xff\xd8" + comment + b"\xff\xff\xc2\x00\x11\x08\x01\x00\x02\x00\x03") == (256, 512, 3)
