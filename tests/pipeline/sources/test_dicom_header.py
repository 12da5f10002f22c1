import csv
import hashlib
import zlib
from pathlib import Path

import pytest
from pydicom import Dataset

from pipeline.sources.dicom_header import column_name, identifier, read_header


def listed(dicom_files: Path) -> list[dict[str, str]]:
    with (dicom_files / "INDEX.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_headers_agree_with_the_published_list(dicom_files: Path) -> None:
    for row in listed(dicom_files):
        header = read_header(dicom_files / row["file"])
        if header.skip not in ("", "secondary_capture") or row["decodes"] == "no pixel data":
            continue  # the list's maker read what such files hold in another way
        assert header.patient_id == row["patient_id"].strip(), row["file"]
        assert header.frames == int(row["frames"] or 1), row["file"]
        assert header.columns["modality"] == row["modality"], row["file"]
        assert header.sha256 == row["sha256"], row["file"]


def test_everything_that_holds_pixels_and_is_readable_is_an_image_or_of_another_kind(dicom_files: Path) -> None:
    for row in listed(dicom_files):
        reason = read_header(dicom_files / row["file"]).skip
        if row["decodes"] == "yes" and row["parses"] == "yes":
            assert reason in ("", "secondary_capture", "segmentation", "rt_object"), row["file"]
        if row["modality"] in ("SR", "SEG", "ECG"):
            assert reason in ("structured_report", "segmentation", "waveform"), row["file"]
        if "DICOMDIR" in row["file"]:
            assert reason == "dicomdir", row["file"]


def test_file_without_preamble_counts_when_it_names_its_object(dicom_files: Path) -> None:
    assert read_header(dicom_files / "pydicom/ExplVR_BigEndNoMeta.dcm").skip == "rt_object"
    assert read_header(dicom_files / "pydicom-data/JLSL_RGB_ILV0.dcm").skip == "not_dicom"


@pytest.mark.parametrize("content", [b"", b"\x08\x00", b"\x08\x00" * 300, b"PK\x03\x04" * 99, b"path,label\n", bytes(500)])
def test_other_files_are_not_dicom(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    assert read_header(tmp_path / "file").skip == "not_dicom"


def test_header_that_ends_early_is_unreadable_or_without_pixels(dicom_files: Path, tmp_path: Path) -> None:
    whole = (dicom_files / "pydicom/CT_small.dcm").read_bytes()
    for length in range(140, 2400, 37):
        (tmp_path / "cut.dcm").write_bytes(whole[:length])
        assert read_header(tmp_path / "cut.dcm").skip in ("unreadable_header", "no_pixel_data")


def test_damaged_headers_raise_nothing_and_say_nothing(
    dicom_files: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    whole = bytearray((dicom_files / "pydicom/MR_small_expb.dcm").read_bytes())
    for place in range(132, 1200, 5):
        damaged = whole.copy()
        damaged[place] ^= 0xFF
        (tmp_path / "damaged.dcm").write_bytes(damaged)
        read_header(tmp_path / "damaged.dcm")
    assert capfd.readouterr() == ("", "")


def test_absurd_number_of_frames_is_a_damaged_header(dicom_files: Path, tmp_path: Path) -> None:
    content = (dicom_files / "pydicom-data/SC_rgb_2frame.dcm").read_bytes()
    place = content.index(b"\x28\x00\x08\x00IS\x02\x00") + 8
    (tmp_path / "many.dcm").write_bytes(content[: place - 2] + b"\x08\x00" + b"99999999" + content[place + 2 :])
    assert read_header(tmp_path / "many.dcm").skip == "unreadable_header"


def test_header_shows_no_patient_when_printed(dicom_files: Path) -> None:
    header = read_header(dicom_files / "pydicom/CT_small.dcm")
    assert header.patient_id
    assert header.patient_id not in repr(header)
    assert header.study_instance_uid not in repr(header)
    assert header.sha256 == hashlib.sha256((dicom_files / "pydicom/CT_small.dcm").read_bytes()).hexdigest()


def test_padding_of_an_identifier_falls_and_its_inner_spaces_stay() -> None:
    dataset = Dataset()
    dataset.PatientID = " AB  12 "
    assert identifier(dataset, "PatientID") == "AB  12"
    assert identifier(dataset, "AccessionNumber") == ""


def test_identifiers_are_named_as_in_the_configuration() -> None:
    names = [column_name(word) for word in ("SOPInstanceUID", "StudyInstanceUID", "AccessionNumber", "PatientID")]
    assert names == ["sop_instance_uid", "study_instance_uid", "accession_number", "patient_id"]


def test_deflated_header_that_grows_beyond_all_measure_is_not_inflated(dicom_files: Path, tmp_path: Path) -> None:
    whole = (dicom_files / "pydicom" / "image_dfl.dcm").read_bytes()
    meta = whole[: 132 + 12 + int.from_bytes(whole[140:144], "little")]  # preamble, group length, group 2
    deflate = zlib.compressobj(level=9, wbits=-zlib.MAX_WBITS)
    length = 2**26
    bomb = deflate.compress(b"\x09\x00\x10\x00UN\0\0" + length.to_bytes(4, "little") + bytes(length)) + deflate.flush()
    path = tmp_path / "bomb.dcm"
    path.write_bytes(meta + bomb)
    assert read_header(path).skip == "unreadable_header"
