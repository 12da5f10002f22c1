"""No identifier leaves ingest: words planted in files, names and columns are found nowhere below the root or on the terminal."""

import base64
import csv
import gzip
import hashlib
import random
import sqlite3
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image, PngImagePlugin
from pydicom import Dataset
from pydicom.datadict import DicomDictionary
from pydicom.uid import ComputedRadiographyImageStorage

from components.image_example_gen.account import read_account
from pipeline import sources
from pipeline.config import DemoSource

NAME, PATIENT, BIRTH, ADDRESS = "Zweiblum^Quendolin", "PAT-QX-774411", "1931-02-17", "Ankhstrasse 17b, Morpork"
FILE_NAME = "zweiblum_quendolin_thorax"
WORDS = (NAME, PATIENT, BIRTH, ADDRESS, FILE_NAME)
DICOM_NAME, DICOM_PATIENT, DICOM_BIRTH, DICOM_ADDRESS = "Ramkin^Sybilla", "PAT-SY-558820", "19280904", "Scoonallee 1, Morpork"
DICOM_FILE_NAME, SHORT_NAME, UID_ROOT = "ramkin_sybilla_thorax", "RAMKIN_SYBILLA", "1.2.826.0.1.3680043.774411"
DICOM_WORDS = (DICOM_NAME, DICOM_PATIENT, DICOM_BIRTH, DICOM_ADDRESS, DICOM_FILE_NAME, SHORT_NAME, UID_ROOT)
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


def write_planted_table(folder: Path) -> None:
    """Write demo images, each with an identifying name, text chunk and columns, one cut short, and their table."""
    sources.index(DemoSource(kind="demo", patients=40), folder / "demo.csv")
    with (folder / "demo.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
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
    (folder / "demo.csv").unlink()
    with (folder / "table.csv").open("w", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def planted_element(representation: str, number: int) -> str | None:
    """Return an identifying value that a value representation (DICOM PS3.5 6.2) can hold, None for one without words."""
    return {
        "PN": DICOM_NAME,
        "DA": DICOM_BIRTH,
        "DT": f"{DICOM_BIRTH}101500",
        "AE": SHORT_NAME,
        "SH": SHORT_NAME,
        "CS": SHORT_NAME,
        "LO": DICOM_ADDRESS,
        "ST": f"{DICOM_NAME} of {DICOM_ADDRESS}",
        "LT": f"{DICOM_NAME} of {DICOM_ADDRESS}",
        "UT": f"{DICOM_NAME} of {DICOM_ADDRESS}",
        "UC": f"{DICOM_NAME} of {DICOM_ADDRESS}",
        "UI": f"{UID_ROOT}.{number}",
    }.get(representation)


def planted_dataset(number: int, patient: int) -> Dataset:
    """Return a computed radiography image whose every text element of the standard's dictionary holds an identifier."""
    image = Dataset()
    for tag, (representation, _, _, retired, keyword) in DicomDictionary.items():
        value = planted_element(representation, number)
        if value is not None and keyword and not retired and (tag >> 16) not in PIXEL_AND_FILE_GROUPS:
            setattr(image, keyword, value)
    image.private_block(0x0033, DICOM_NAME[:16], create=True).add_new(1, "LO", DICOM_ADDRESS)
    image.ReferencedPatientSequence = [Dataset()]
    image.ReferencedPatientSequence[0].PatientName = DICOM_NAME
    image.SpecificCharacterSet, image.Modality, image.PatientSex = "ISO_IR 192", "CR", "FM"[patient % 2]
    image.SOPClassUID, image.SOPInstanceUID = ComputedRadiographyImageStorage, f"{UID_ROOT}.1.{number}"
    image.PatientID, image.StudyInstanceUID = f"{DICOM_PATIENT}-{patient}", f"{UID_ROOT}.2.{patient}"
    return image


def write_planted_tree(folder: Path, patients: int) -> None:
    """Write two images a patient, bright where the label says so, and the label table; the last file ends early."""
    noise, lines = np.random.default_rng(5), ["study,finding"]
    for patient in range(patients):
        lines.append(f"{UID_ROOT}.2.{patient},{'nodule' if patient % 3 == 0 else 'normal'}")
        for number in (2 * patient, 2 * patient + 1):
            image = planted_dataset(number, patient)
            pixels = noise.integers(0, 1000, (48, 40), dtype=np.uint16) + (2000 if patient % 3 == 0 else 0)
            image.set_pixel_data(pixels.astype(np.uint16), "MONOCHROME2", 12, generate_instance_uid=False)
            path = folder / "tree" / f"{DICOM_FILE_NAME}_{patient}" / f"{SHORT_NAME}_{number}.dcm"
            path.parent.mkdir(parents=True, exist_ok=True)
            image.save_as(path, enforce_file_format=True)
    path.write_bytes(path.read_bytes()[:-3000])
    (folder / "labels.csv").write_text("\n".join(lines) + "\n")


CONFIG = """
name: chest
data:
  manifest: source/{SPAN}/manifest.csv
  classes: [normal, nodule, effusion]
  slices: [sex]
  max_quarantined: 0.05
image: {size: 24, channels: 1}
training: {model: article_cnn, steps: 1, batch_size: 8}
evaluation: {thresholds: [{metric: auc, at_least: 0.0}]}
gate: {rules: []}
"""


@dataclass(frozen=True)
class Ran:
    """A run that pushed a model of planted files.

    Args:
        table: folder of a table and its images.
        tree: folder of DICOM files.
        root: below which the run worked.
        terminal: what the run said.
    """

    table: Path
    tree: Path
    root: Path
    terminal: str


@pytest.fixture(scope="module")
def ran(start: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """Run over a table and a DICOM tree, a span each: what comes after ingest is the same for both."""
    folder = tmp_path_factory.mktemp("planted")
    table, dicom = (folder / "source" / span for span in "12")
    write_planted_table(table)
    write_planted_tree(dicom, patients=12)
    columns = ("path", "label", "patient_id", "sex", "name", "birth_date", "address")
    mapped = (word for column in columns for word in ("--column", f"{column}={column}"))
    joined = (
        "--labels",
        dicom / "labels.csv",
        "--join",
        "study_instance_uid",
        "--column",
        "key=study",
        "--column",
        "label=finding",
    )
    for source, words in ((table / "table.csv", mapped), (dicom / "tree", (*joined, "--slice", "sex"))):
        indexed = start("index", source, "-o", source.with_name("manifest.csv"), *words).finish()
        assert indexed.code == 0, indexed.stdout + indexed.stderr
    (folder / "chest.yaml").write_text(CONFIG)
    done = start("run", folder / "chest.yaml", "--root", folder / "root").finish()
    assert done.code == 0, done.stdout + done.stderr
    return Ran(table, dicom / "tree", folder / "root", done.stdout + done.stderr)


def found_outside(ran: Ran, words: tuple[str, ...], byte_search: ModuleType) -> set[Any]:
    """Return which words a file below the root, or the terminal, holds."""
    on_terminal = {("terminal", word) for word in byte_search.found(ran.terminal.encode(), words)}
    return on_terminal | byte_search.found_in_folder(ran.root, words)


@pytest.mark.e2e
def test_planted_files_went_through_every_node_to_a_pushed_model(ran: Ran) -> None:
    assert list(ran.root.rglob("saved_model.pb")), "a model was pushed, so every node wrote what it writes"
    assert "quarantined" in (ran.root / "reports" / "latest.html").read_text()
    account = read_account(next((ran.root / "artifacts" / "ImageExampleGen" / "account").iterdir()))
    assert [(its["span"], its["quarantined"]) for its in account["spans"]] == [(1, 2), (2, 1)]
    assert "Traceback" not in ran.terminal


@pytest.mark.e2e
def test_identifiers_of_a_table_stay_with_the_source(ran: Ran, byte_search: ModuleType) -> None:
    assert {word for _, word in byte_search.found_in_folder(ran.table, WORDS)} == set(WORDS), "the plants are there"
    assert found_outside(ran, WORDS, byte_search) == set()


@pytest.mark.e2e
def test_identifiers_of_dicom_files_stay_with_the_source(ran: Ran, byte_search: ModuleType) -> None:
    assert {word for _, word in byte_search.found_in_folder(ran.tree, DICOM_WORDS)} == set(DICOM_WORDS), "the plants are there"
    assert found_outside(ran, DICOM_WORDS, byte_search) == set()
