"""No identifier leaves ingest: words planted in files, names and columns are found nowhere below the root or on the terminal."""

import base64
import gzip
import hashlib
import random
import sqlite3
import zlib
from pathlib import Path
from types import ModuleType

import pytest
import tensorflow as tf
from PIL import Image, PngImagePlugin

NAME, PATIENT, BIRTH, ADDRESS = "Zweiblum^Quendolin", "PAT-QX-774411", "1931-02-17", "Ankhstrasse 17b, Morpork"
FILE_NAME = "zweiblum_quendolin_thorax"
WORDS = (NAME, PATIENT, BIRTH, ADDRESS, FILE_NAME)


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
def test_identifiers_of_a_table_stay_with_the_source(own_data, medtfx, byte_search: ModuleType, tmp_path: Path) -> None:
    config = own_data(lambda rows: plant_in_table(rows, tmp_path / "data"))
    assert {word for _, word in byte_search.found_in_folder(tmp_path / "data", WORDS)} == set(WORDS), "the plants are there"
    root = tmp_path / "root"
    loose = ("--set", "data.max_quarantined=0.05", "--set", "gate.rules=[]", "--set", "training.steps=20")
    done = medtfx("run", config, "--root", root, *loose, "--set", "evaluation.thresholds=[{metric: auc, at_least: 0.1}]")
    assert done.code == 0, done.stdout + done.stderr
    assert list(root.rglob("saved_model.pb")), "a model was pushed, so every node wrote what it writes"
    assert byte_search.found_in_folder(root, WORDS) == set()
    assert byte_search.found((done.stdout + done.stderr).encode(), WORDS) == set()
