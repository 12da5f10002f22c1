import struct
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import HEVCMP51, JPEG2000, JPEG2000Lossless

from models.rendering.dicom import render_dicom
from models.rendering.settings import Limits, RenderSettings

VALUES = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)


def test_a_file_without_pixels_is_told_apart_from_a_damaged_one(reason_of, dicom_file, dataset_of) -> None:
    dataset = dataset_of(VALUES)
    del dataset.PixelData
    assert reason_of(dicom_file(dataset)) == "no_pixels"
    assert reason_of(dicom_file(dataset_of(VALUES, PixelData=b""))) == "no_pixels"


def test_burned_in_text_is_kept_out_unless_accepted(reason_of, dicom_file, dataset_of) -> None:
    encoded = dicom_file(dataset_of(VALUES, BurnedInAnnotation="YES"))
    assert reason_of(encoded) == "burned_in_text"
    accepted = render_dicom(encoded, RenderSettings(burned_in="accept"), limits=Limits())
    plain = render_dicom(dicom_file(dataset_of(VALUES, BurnedInAnnotation="NO")), RenderSettings(), limits=Limits())
    np.testing.assert_array_equal(accepted, plain)


def test_limits_hold_to_the_pixel_and_the_frame(reason_of, dicom_file, dataset_of) -> None:
    encoded = dicom_file(dataset_of(VALUES))
    assert render_dicom(encoded, RenderSettings(), limits=Limits(pixels=12, frames=2)).shape == (3, 4)
    assert reason_of(encoded, limits=Limits(pixels=11)) == "too_many_pixels"
    assert reason_of(encoded, limits=Limits(frames=1)) == "too_many_frames"


def test_size_is_checked_again_after_making_pixels_square(reason_of, dicom_file, dataset_of) -> None:
    encoded = dicom_file(dataset_of(VALUES, PixelSpacing=[1, 1.5]))
    assert reason_of(encoded, limits=Limits(pixels=17)) == "too_many_pixels"
    assert render_dicom(encoded, RenderSettings(), limits=Limits(pixels=18)).shape == (3, 6)


@pytest.mark.parametrize(("rows", "reason"), [(0, "too_many_pixels"), (65_535, "truncated")])
def test_claimed_rows_must_be_there(reason_of, dicom_file, dataset_of, rows: int, reason: str) -> None:
    assert reason_of(dicom_file(dataset_of(VALUES, Rows=rows))) == reason


@pytest.mark.parametrize("frames", [3, 4000])
def test_claimed_frames_must_be_there(reason_of, dicom_file, dataset_of, frames: int) -> None:
    assert reason_of(dicom_file(dataset_of(VALUES, NumberOfFrames=frames))) == "truncated"


def test_a_negative_number_of_frames_is_damage(reason_of, dicom_file, dataset_of) -> None:
    assert reason_of(dicom_file(dataset_of(VALUES, NumberOfFrames=-2))) == "undecodable"


def test_more_raw_bytes_than_the_ratio_allows_are_refused(reason_of, shared_data: Path) -> None:
    encoded = (shared_data / "dicom" / "pydicom" / "693_J2KI.dcm").read_bytes()  # 524,288 raw bytes in 1,564
    assert reason_of(encoded, limits=Limits(ratio=300)) == "implausible_compression"
    assert render_dicom(encoded, RenderSettings(), limits=Limits(ratio=400)).shape == (512, 512)


@pytest.mark.parametrize("components", [1, 16_384])
def test_a_codestream_that_claims_more_than_its_dataset_is_not_decoded(
    reason_of, dicom_file, dataset_of, components: int
) -> None:
    height, width = (60_000, 60_000) if components == 1 else (3, 4)
    grid = struct.pack(">HHIIIIIIIIH", 47, 0, width, height, 0, 0, width, height, 0, 0, components)
    bomb = b"\xff\x4f\xff\x51" + grid + b"\x07\x01\x01" * 3 + b"\xff\xd9"
    reason = "too_many_pixels" if components == 1 else "undecodable"
    assert reason_of(dicom_file(compressed(dataset_of, bomb), JPEG2000)) == reason


def compressed(dataset_of, frame: bytes) -> Dataset:
    dataset = dataset_of(VALUES[0], PixelData=encapsulate([frame]))
    dataset["PixelData"].is_undefined_length = True
    return dataset


def test_video_is_named_as_such(reason_of, dicom_file, dataset_of) -> None:
    assert reason_of(dicom_file(compressed(dataset_of, b"\0\0\0\1"), HEVCMP51)) == "unsupported_transfer_syntax"


def test_an_unknown_transfer_syntax_is_named(reason_of, dicom_file, dataset_of) -> None:
    encoded = dicom_file(compressed(dataset_of, b"\0\0\0\1"), JPEG2000)
    unknown = encoded.replace(JPEG2000.encode(), b"1.2.3.4.5.6.7.8.9.1.23")
    assert reason_of(unknown) == "unsupported_transfer_syntax"


def test_twelve_bit_jpeg_is_named_instead_of_called_damaged(reason_of, shared_data: Path) -> None:
    encoded = (shared_data / "dicom" / "pydicom" / "JPGExtended.dcm").read_bytes()
    assert reason_of(encoded) == "unsupported_transfer_syntax"


@pytest.mark.parametrize("photometric", ["HSV", "CMYK", "YBR_PARTIAL_420", "UNHEARD OF"])
def test_colours_that_do_not_become_rgb_are_named(reason_of, dicom_file, dataset_of, photometric: str) -> None:
    colours = np.zeros((2, 2, 3), np.uint8)
    assert reason_of(dicom_file(dataset_of(colours, PhotometricInterpretation=photometric))) == "unsupported_photometric"


def test_a_blank_volume_within_the_ratio_is_no_bomb(shared_data: Path) -> None:
    path = shared_data / "dicom" / "pydicom-data" / "liver_j2k.dcm"
    assert dcmread(path, stop_before_pixels=True).file_meta.TransferSyntaxUID == JPEG2000Lossless
    assert render_dicom(path.read_bytes(), RenderSettings(), limits=Limits()).shape == (512, 512)
