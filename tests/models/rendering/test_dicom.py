import csv
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.rendering.dicom import render_dicom
from models.rendering.settings import Limits, RenderSettings
from pipeline.errors import ImageError

DEFAULT = RenderSettings()
CT = np.array([[-1000, -160], [39, 240]], np.int16)


@pytest.fixture(scope="module")
def outcomes(shared_data: Path) -> list[tuple[dict[str, str], np.ndarray | str]]:
    """The row of INDEX.csv, and the pixels or the reason, of every file."""
    folder = shared_data / "dicom"
    with (folder / "INDEX.csv").open(newline="") as file:
        return [(row, outcome_of((folder / row["file"]).read_bytes())) for row in csv.DictReader(file)]


def outcome_of(encoded: bytes) -> np.ndarray | str:
    try:
        return render_dicom(encoded, DEFAULT, limits=Limits())
    except ImageError as error:
        return error.reason


def test_every_published_file_renders_or_ends_in_its_reason(outcomes) -> None:
    found = Counter((row["decodes"], "pixels" if isinstance(end, np.ndarray) else end) for row, end in outcomes)
    assert found == {
        ("yes", "pixels"): 124,
        ("yes", "unsupported_transfer_syntax"): 1,  # 12-bit JPEG Extended: its decoder is under the GPL
        ("no", "unsupported_transfer_syntax"): 2,
        ("no", "undecodable"): 3,
        ("no", "implausible_compression"): 1,
        ("no", "truncated"): 1,
        ("no pixel data", "no_pixels"): 27,
    }


def test_pixels_are_eight_bit_grey_or_rgb_of_the_header_size_at_least(outcomes) -> None:
    for row, pixels in outcomes:
        if isinstance(pixels, np.ndarray):
            assert pixels.dtype == np.uint8
            grey = row["photometric"].startswith("MONOCHROME")
            assert pixels.shape[2:] == (() if grey else (3,)), row["file"]
            assert pixels.shape[0] >= int(row["rows"]) and pixels.shape[1] >= int(row["cols"]), row["file"]


def test_a_file_without_window_spreads_over_the_whole_grey_range(outcomes) -> None:
    plain = [
        pixels
        for row, pixels in outcomes
        if row["photometric"] == "MONOCHROME2" and row["modality"] == "RTDOSE" and row["decodes"] == "yes"
    ]
    assert len(plain) == 6
    assert {(int(pixels.min()), int(pixels.max())) for pixels in plain} == {(0, 255)}


@pytest.mark.parametrize(
    ("encoded", "reason"),
    [(b"", "no_pixels"), (b"\0" * 128 + b"DICM", "no_pixels"), (b"\0" * 128 + b"DICM" + b"\xff" * 99, "no_pixels")],
)
def test_bytes_without_image_end_in_a_reason(reason_of, encoded: bytes, reason: str) -> None:
    assert reason_of(encoded) == reason


def test_a_file_without_preamble_and_meta_information_is_read(dicom_file, dataset_of) -> None:
    encoded = dicom_file(dataset_of(CT))
    bare = encoded[encoded.index(b"\x08\x00\x16\x00UI") :]  # from SOP Class UID, the first element of the dataset
    np.testing.assert_array_equal(render_dicom(bare, DEFAULT, limits=Limits()), render_dicom(encoded, DEFAULT, limits=Limits()))


def test_rendering_twice_gives_the_same_bytes(shared_data: Path) -> None:
    encoded = (shared_data / "dicom" / "pydicom" / "693_J2KI.dcm").read_bytes()
    first, second = (render_dicom(encoded, DEFAULT, limits=Limits()) for _ in range(2))
    assert first.tobytes() == second.tobytes()


def test_rendering_needs_no_tensorflow() -> None:
    code = "import sys, models.rendering.dicom; sys.exit('tensorflow' in sys.modules or 'tfx' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_panic_of_the_rle_decoder_is_damage(reason_of, shared_data: Path) -> None:
    encoded = bytearray((shared_data / "dicom" / "pydicom" / "rtdose_rle_1frame.dcm").read_bytes())
    encoded[encoded.index(b"\xe0\x7f\x10\x00") + 114] = 255  # a run beyond the end of its segment
    assert reason_of(bytes(encoded)) == "undecodable"


def test_nothing_of_the_header_reaches_the_log(caplog, reason_of, dicom_file, dataset_of) -> None:
    dataset = dataset_of(CT, PatientName="Doe^Jane")
    encoded = dicom_file(dataset).replace(b"Doe^Jane", b"Doe\xffJane")
    render_dicom(encoded, DEFAULT, limits=Limits())
    assert reason_of(encoded[:-3]) == "truncated"
    assert caplog.text == ""


# Small files: uncompressed, big endian, RLE, JPEG-LS, JPEG 2000, JPEG, deflated. Not lossless JPEG, whose decoder, GDCM,
# ends the process on one of fifty damaged files; that is what the guarded process of rendering is for.
SEEDS = (
    "pydicom/dicomdirtests/98892003/MR700/4467",
    "pydicom/MR_small_expb.dcm",
    "pydicom/SC_rgb_rle.dcm",
    "pydicom/MR_small_jpeg_ls_lossless.dcm",
    "pydicom/MR_small_jp2klossless.dcm",
    "pydicom/SC_rgb_dcmtk_+eb+cy+np.dcm",
    "pydicom/image_dfl.dcm",
    "pydicom/rtdose_rle.dcm",
)


@pytest.mark.parametrize("name", SEEDS)
@settings(max_examples=60, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**32 - 1), changes=st.integers(1, 12), in_header=st.booleans(), keep=st.floats(0.3, 1.0))
def test_no_damage_escapes_as_another_error(
    shared_data: Path, name: str, seed: int, changes: int, in_header: bool, keep: float
) -> None:
    chance = random.Random(seed)
    encoded = bytearray((shared_data / "dicom" / name).read_bytes())
    if chance.random() < 0.3:
        del encoded[int(len(encoded) * keep) :]
    for _ in range(changes):
        encoded[chance.randrange(132, min(len(encoded), 2500) if in_header else len(encoded))] = chance.randrange(256)
    outcome_of(bytes(encoded))  # pixels or an ImageError; anything else fails the test
