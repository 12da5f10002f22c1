import zlib

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from models.rendering.dicom import render_dicom
from models.rendering.dicom_reading import read_dataset
from models.rendering.settings import Limits, RenderSettings

VALUES = np.array([[1, 2], [300, 4]], np.uint16)
BOMB = 64 * 2**20  # zeros, which deflate a thousandfold


def nested(depth: int, undefined: bool) -> Sequence:
    """Return a sequence that holds `depth` sequences, itself included."""
    item = Dataset()
    for _ in range(depth - 1):
        outer = Dataset()
        outer.ContentSequence = [item]
        outer["ContentSequence"].is_undefined_length = undefined
        item = outer
    return Sequence([item])


@pytest.mark.parametrize("undefined", [False, True])
@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
def test_sequences_may_nest_as_deep_as_the_limit(reason_of, dicom_file, dataset_of, syntax, undefined: bool) -> None:
    def encoded(depth: int) -> bytes:
        dataset = dataset_of(VALUES, ContentSequence=nested(depth, undefined))
        dataset["ContentSequence"].is_undefined_length = undefined
        return dicom_file(dataset, syntax)

    assert render_dicom(encoded(16), RenderSettings(), limits=Limits()).shape == (2, 2)
    assert reason_of(encoded(17)) == "too_deep"


def test_endless_nesting_is_too_deep(reason_of, dicom_file, dataset_of) -> None:
    encoded = dicom_file(dataset_of(VALUES))
    start = encoded.index(b"\x28\x00\x02\x00US")  # Samples per Pixel, after which the sequences sort
    opened = (b"\x18\x00\x06\x90SQ\0\0" + b"\xff" * 4 + b"\xfe\xff\x00\xe0" + b"\xff" * 4) * 5000
    assert reason_of(encoded[:start] + opened + encoded[start:]) == "too_deep"


@pytest.mark.parametrize(
    "syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian, DeflatedExplicitVRLittleEndian]
)
def test_every_native_syntax_gives_the_same_pixels(dicom_file, dataset_of, syntax) -> None:
    values = VALUES.astype(">u2") if syntax == ExplicitVRBigEndian else VALUES
    pixels = render_dicom(dicom_file(dataset_of(values), syntax), RenderSettings(), limits=Limits())
    np.testing.assert_array_equal(pixels, [[0, 1], [255, 3]])


@pytest.mark.parametrize("limits", [Limits(ratio=100), Limits(memory_mb=32)])
def test_a_dataset_that_inflates_beyond_the_limits_is_refused(reason_of, dicom_file, dataset_of, limits: Limits) -> None:
    whole = dicom_file(dataset_of(VALUES), DeflatedExplicitVRLittleEndian)
    meta = whole[: 132 + 12 + int.from_bytes(whole[140:144], "little")]  # preamble, group length, group 2
    deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    bomb = deflate.compress(b"\x09\x00\x10\x00UN\0\0" + BOMB.to_bytes(4, "little") + bytes(BOMB)) + deflate.flush()
    assert reason_of(meta + bomb, limits=limits) == "implausible_compression"


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
@pytest.mark.parametrize("kind", [np.uint16, np.float32])
def test_long_uncompressed_pixel_data_is_a_view_of_the_file(dicom_file, dataset_of, syntax, kind: type) -> None:
    values = np.arange(2**20, dtype=kind).reshape(1024, 1024)
    encoded = dicom_file(dataset_of(values), syntax)
    dataset = read_dataset(encoded, Limits())
    pixels = dataset["PixelData" if kind == np.uint16 else "FloatPixelData"].value
    assert isinstance(pixels, memoryview) and pixels.obj is encoded
    assert pixels == values.tobytes()


def test_long_deflated_pixel_data_is_read(dicom_file, dataset_of) -> None:
    values = np.arange(2**20, dtype=np.uint16).reshape(1024, 1024)
    dataset = read_dataset(dicom_file(dataset_of(values), DeflatedExplicitVRLittleEndian), Limits())
    assert dataset.PixelData == values.tobytes()


def test_long_pixel_data_that_ends_early_is_truncated(reason_of, dicom_file, dataset_of) -> None:
    encoded = dicom_file(dataset_of(np.zeros((1024, 1024), np.uint16)))
    assert reason_of(encoded[:-2]) == "truncated"
