import csv
import gzip
from io import BytesIO
from pathlib import Path

import nibabel
import numpy as np
import pytest
from PIL import Image

from models.rendering.bit_depth import bit_depth
from pipeline.errors import ImageError


def tiff(pixels: np.ndarray, mode: str | None = None) -> bytes:
    stream = BytesIO()
    image = Image.fromarray(pixels)
    (image.convert(mode) if mode else image).save(stream, "TIFF")
    return stream.getvalue()


def nifti(kind: np.dtype) -> bytes:
    image = nibabel.Nifti1Image(np.zeros((4, 4, 2), kind), np.eye(4), dtype=kind)
    return bytes(image.to_bytes())


@pytest.mark.parametrize(
    ("encoded", "bits"),
    [
        (tiff(np.zeros((4, 4), np.uint8)), 8),
        (tiff(np.zeros((4, 4), np.uint16)), 16),
        (tiff(np.zeros((4, 4, 3), np.uint8)), 8),
        (tiff(np.zeros((4, 4), np.uint8), "1"), 1),
        (tiff(np.zeros((4, 4), np.float32)), 32),
        (nifti(np.dtype(np.int16)), 16),
        (gzip.compress(nifti(np.dtype(np.uint8))), 8),
        (nifti(np.dtype([("R", "u1"), ("G", "u1"), ("B", "u1")])), 8),
    ],
    ids=["TIFF 8", "TIFF 16", "TIFF RGB", "TIFF 1", "TIFF float", "NIfTI 16", "NIfTI compressed", "NIfTI RGB"],
)
def test_depth_is_the_headers(encoded: bytes, bits: int) -> None:
    assert bit_depth(encoded) == bits


def decodable(folder: Path) -> list[tuple[Path, int]]:
    """Return file and bits stored of what the index says decodes"""
    with (folder / "INDEX.csv").open(newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row["decodes"] == "yes"]
    return [(folder / row["file"], int(row["bits_stored"])) for row in rows if row["bits_stored"]]


def test_depth_of_dicom_is_bits_stored_as_an_independent_index_has_it(shared_data: Path) -> None:
    known = decodable(shared_data / "dicom")
    assert len(known) > 100
    assert {path.name: bit_depth(path.read_bytes()) for path, _ in known} == {path.name: bits for path, bits in known}


def test_header_that_can_not_be_read_is_an_image_error() -> None:
    with pytest.raises(ImageError, match="damaged"):
        bit_depth(tiff(np.zeros((4, 4), np.uint8))[:20])
