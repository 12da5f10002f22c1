"""No identifier leaves ingest: words planted in files, names and columns are found nowhere below the root or on the terminal."""

import base64
import gzip
import hashlib
import random
import sqlite3
import zlib
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, PngImagePlugin
from pydicom import Dataset
from pydicom.datadict import DicomDictionary
from pydicom.uid import ComputedRadiographyImageStorage

NAME, PATIENT, BIRTH, ADDRESS = "Zweiblum^Quendolin", "PAT-QX-774411", "1931-02-17", "Ankhstrasse 17b, Morpork"
FILE_NAME = "zweiblum_quendolin_thorax"
WORDS = (NAME, PATIENT, BIRTH, ADDRESS, FILE_NAME)
DICOM_BIRTH, SHORT_NAME, UID_ROOT = "19310217", "ZWEIBLUM_QUEND", "1.2.826.0.1.3680043.774411"
DICOM_WORDS = (NAME, PATIENT, DICOM_BIRTH, ADDRESS, FILE_NAME, SHORT_NAME, UID_ROOT)
PIXEL_AND_FILE_GROUPS = (0x0000, 0x0002, 0x0028, 0x7FE0)  # what they hold decides how the file is read


def write_sqlite(path: Path, word: str) -> None:
    database = sqlite3.connect(path)
    database.execute("CREATE TABLE property (value TEXT)")
    database.execute("INSERT INTO property VALUES (?)", ("x" * 5000 + word,))  # over several pages
    database.commit()
    database.close()


def write_png_text(path: Path, word: str, *, packed: bool) -> None:
    note = PngImagePlugin.PngInfo()
    note.add_text("Comment", word, zip=packed)
    Image.new("L", (8, 8)).save(path, "PNG", pnginfo=note)


def write_records(path: Path, word: str, compression: str | None) -> None:
    values = {"note": tf.train.Feature(bytes_list=tf.train.BytesList(value=[word.encode()]))}
    with tf.io.TFRecordWriter(str(path), compression) as writer:
        writer.write(tf.train.Example(features=tf.train.Features(feature=values)).SerializeToString())


HIDING_PLACES = {
    "plain": lambda path, word: path.write_text(f"log: {word} read"),
    "utf-16": lambda path, word: path.write_bytes(word.encode("utf-16")),
    "base64": lambda path, word: path.write_bytes(base64.b64encode(f"ab{word}cdefg".encode())),
    "gzip": lambda path, word: path.write_bytes(gzip.compress(word.encode())),
    "zlib in the middle": lambda path, word: path.write_bytes(b"head" + zlib.compress(word.encode()) + b"tail"),
    "base64 of gzip": lambda path, word: path.write_bytes(base64.b64encode(gzip.compress(word.encode()))),
    "png text": lambda path, word: write_png_text(path, word, packed=False),
    "png packed text": lambda path, word: write_png_text(path, word, packed=True),
    "tfrecord": lambda path, word: write_records(path, word, None),
    "packed tfrecord": lambda path, word: write_records(path, word, "GZIP"),
    "sqlite": write_sqlite,
    "file name": lambda path, word: path.with_name(word.replace("/", "_")).write_bytes(b""),
    "unkeyed digest": lambda path, word: path.write_text(hashlib.sha256(word.encode()).hexdigest()),
}


@pytest.mark.parametrize("place", HIDING_PLACES)
def test_search_finds_what_was_planted(place: str, byte_search: ModuleType, tmp_path: Path) -> None:
    HIDING_PLACES[place](tmp_path / "file.bin", NAME)
    assert {word for _, word in byte_search.found_in_folder(tmp_path, WORDS)} == {NAME}


def test_search_finds_nothing_where_nothing_was_planted(byte_search: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "noise.bin").write_bytes(random.Random(1).randbytes(200_000))
    write_png_text(tmp_path / "picture.png", "a quiet comment", packed=True)
    assert byte_search.found_in_folder(tmp_path, WORDS) == set()


def plant_in_table(rows: list[dict[str, str]], folder: Path) -> None:
    """Give every image an identifying name, a text chunk and further columns, and cut one short."""
    for number, row in enumerate(rows):
        old = folder / row["path"]
        new = old.with_name(f"{FILE_NAME}_{number}.png")
        note = PngImagePlugin.PngInfo()
        note.add_text("Comment", f"{NAME} {BIRTH}")
        note.add_text("Description", ADDRESS, zip=True)
        Image.open(old).save(new, pnginfo=note)
        old.unlink()
        row |= {"path": new.relative_to(folder).as_posix(), "sha256": "", "patient_id": f"{PATIENT}-{row['patient_id']}"}
        row |= {"name": NAME, "birth_date": BIRTH, "address": ADDRESS}
    broken = folder / rows[5]["path"]
    broken.write_bytes(broken.read_bytes()[:120])
    rows[7]["label"] = f"seen by {NAME}"


@pytest.mark.e2e
def test_identifiers_of_a_table_stay_with_the_source(own_data, quickly, byte_search: ModuleType, tmp_path: Path) -> None:
    config = own_data(lambda rows: plant_in_table(rows, tmp_path / "data"))
    assert {word for _, word in byte_search.found_in_folder(tmp_path / "data", WORDS)} == set(WORDS), "the plants are there"
    root = tmp_path / "root"
    loose = ("--set", "data.max_quarantined=0.05", "--set", "gate.rules=[]", "--set", "training.steps=2")
    done = quickly("run", config, "--root", root, *loose, "--set", "evaluation.thresholds=[{metric: auc, at_least: 0.0}]")
    assert done.code == 0, done.stdout + done.stderr
    assert list(root.rglob("saved_model.pb")), "a model was pushed, so every node wrote what it writes"
    assert byte_search.found_in_folder(root, WORDS) == set()
    assert byte_search.found((done.stdout + done.stderr).encode(), WORDS) == set()


def planted_element(representation: str, number: int) -> str | None:
    """Return an identifying value that a value representation (DICOM PS3.5 6.2) can hold, None for one without words."""
    return {
        "PN": NAME,
        "DA": DICOM_BIRTH,
        "DT": f"{DICOM_BIRTH}101500",
        "AE": SHORT_NAME,
        "SH": SHORT_NAME,
        "CS": SHORT_NAME,
        "LO": ADDRESS,
        "ST": f"{NAME} of {ADDRESS}",
        "LT": f"{NAME} of {ADDRESS}",
        "UT": f"{NAME} of {ADDRESS}",
        "UC": f"{NAME} of {ADDRESS}",
        "UI": f"{UID_ROOT}.{number}",
    }.get(representation)


def planted_dataset(number: int, patient: int) -> Dataset:
    """Return a computed radiography image whose every text element of the standard's dictionary holds an identifier."""
    image = Dataset()
    for tag, (representation, _, _, retired, keyword) in DicomDictionary.items():
        value = planted_element(representation, number)
        if value is not None and keyword and not retired and (tag >> 16) not in PIXEL_AND_FILE_GROUPS:
            setattr(image, keyword, value)
    image.private_block(0x0033, NAME[:16], create=True).add_new(1, "LO", ADDRESS)
    image.ReferencedPatientSequence = [Dataset()]
    image.ReferencedPatientSequence[0].PatientName = NAME
    image.SpecificCharacterSet, image.Modality, image.PatientSex = "ISO_IR 192", "CR", "FM"[patient % 2]
    image.SOPClassUID, image.SOPInstanceUID = ComputedRadiographyImageStorage, f"{UID_ROOT}.1.{number}"
    image.PatientID, image.StudyInstanceUID = f"{PATIENT}-{patient}", f"{UID_ROOT}.2.{patient}"
    return image


def write_planted_tree(folder: Path, patients: int) -> None:
    """Write two images a patient, bright where the label says so, and the label table; one file ends early."""
    noise, lines = np.random.default_rng(5), ["study,finding"]
    for patient in range(patients):
        lines.append(f"{UID_ROOT}.2.{patient},{'ill' if patient % 3 == 0 else 'well'}")
        for number in (2 * patient, 2 * patient + 1):
            image = planted_dataset(number, patient)
            pixels = noise.integers(0, 1000, (48, 40), dtype=np.uint16) + (2000 if patient % 3 == 0 else 0)
            image.set_pixel_data(pixels.astype(np.uint16), "MONOCHROME2", 12, generate_instance_uid=False)
            path = folder / f"{FILE_NAME}_{patient}" / f"{SHORT_NAME}_{number}.dcm"
            path.parent.mkdir(parents=True, exist_ok=True)
            image.save_as(path, enforce_file_format=True)
    path.write_bytes(path.read_bytes()[:-3000])
    (folder.parent / "labels.csv").write_text("\n".join(lines) + "\n")


DICOM_CONFIG = """
name: chest
data:
  manifest: {folder}/manifest.csv
  classes: [ill, well]
  slices: [sex]
  max_quarantined: 0.05
image: {{size: 32, channels: 1}}
training: {{steps: 2, batch_size: 8}}
evaluation: {{thresholds: [{{metric: auc, at_least: 0.0}}]}}
gate: {{rules: []}}
"""


@pytest.mark.e2e
def test_identifiers_of_dicom_files_stay_with_the_source(quickly, byte_search: ModuleType, tmp_path: Path) -> None:
    source = tmp_path / "source"
    write_planted_tree(source / "tree", patients=60)
    assert {word for _, word in byte_search.found_in_folder(source / "tree", DICOM_WORDS)} == set(DICOM_WORDS)
    table = (
        "--labels",
        source / "labels.csv",
        "--join",
        "study_instance_uid",
        "--column",
        "key=study",
        "--column",
        "label=finding",
    )
    indexed = quickly("index", source / "tree", "-o", source / "manifest.csv", *table, "--slice", "sex")
    assert indexed.code == 0, indexed.stdout + indexed.stderr
    config = tmp_path / "chest.yaml"
    config.write_text(DICOM_CONFIG.format(folder=source))
    root = tmp_path / "root"
    done = quickly("run", config, "--root", root)
    assert done.code == 0, done.stdout + done.stderr
    assert list(root.rglob("saved_model.pb"))
    assert "quarantined" in (root / "reports" / "latest.html").read_text()
    assert byte_search.found_in_folder(root, DICOM_WORDS) == set()
    assert byte_search.found((done.stdout + done.stderr).encode(), DICOM_WORDS) == set()
