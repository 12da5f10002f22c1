import csv
from pathlib import Path

from pydicom.valuerep import VR

from models.image_signature import HEAD_BYTES
from models.rendering.file_kind import VALUE_REPRESENTATIONS, is_dicom, is_rendered


def test_value_representations_are_those_of_pydicom() -> None:
    assert {representation.encode() for representation in VR if len(representation) == 2} == VALUE_REPRESENTATIONS


def test_every_dicom_file_is_recognised_with_and_without_preamble(shared_data: Path) -> None:
    with (shared_data / "dicom/INDEX.csv").open() as file:
        for entry in csv.DictReader(file):
            encoded = (shared_data / "dicom" / entry["file"]).read_bytes()
            assert is_dicom(encoded[:HEAD_BYTES]), entry["file"]
            assert is_dicom(encoded[132:][:HEAD_BYTES]) or entry["parses"] != "yes", entry["file"]


def test_hostile_images_are_taken_for_what_they_are(shared_data: Path) -> None:
    for path in (shared_data / "hostile").rglob("*"):
        if path.is_file():
            head = path.read_bytes()[:HEAD_BYTES]
            assert is_rendered(head) == head.startswith((b"II*\x00", b"MM\x00*")), path
