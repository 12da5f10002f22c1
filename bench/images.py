"""Generated JPEG files of 1024 x 1024 with labels, patients and splits: the input of every contender."""

import csv
import hashlib
import io
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

import numpy as np
from PIL import Image

SIDE = 1024  # pixels
CLASSES = tuple(f"finding_{number}" for number in range(10))
IMAGES_OF_PATIENT = 2
QUALITY = 88  # of the JPEG encoder
MANIFEST = "manifest.csv"


@dataclass(frozen=True)
class Row:
    """One line of the manifest."""

    path: str
    label: str
    patient_id: str
    split: str
    sha256: str


def make_images(folder: Path, count: int, *, distinct: int | None = None) -> Path:
    """Write `count` images and their manifest, unless they are there already; return the manifest.

    Args:
        folder: for the manifest and the images.
        count: of images.
        distinct: how many of them differ; the others are links to these, and sooner there. None: all.
    """
    manifest = folder / MANIFEST
    if not (manifest.exists() and len(read_manifest(manifest)) == count):
        (folder / "images").mkdir(parents=True, exist_ok=True)
        with ProcessPoolExecutor() as pool:
            rows = list(pool.map(write_image, [folder] * count, range(min(count, distinct or count)), chunksize=16))
        rows += [link_image(folder, number, rows[number % len(rows)]) for number in range(len(rows), count)]
        with manifest.open("w", newline="") as file:
            writer = csv.DictWriter(file, [field.name for field in fields(Row)])
            writer.writeheader()
            writer.writerows(asdict(row) for row in rows)
    return manifest


def read_manifest(manifest: Path) -> list[Row]:
    """Return the rows of a manifest."""
    with manifest.open(newline="") as file:
        return [Row(**line) for line in csv.DictReader(file)]


def of_split(rows: list[Row], split: str) -> Iterator[tuple[str, int]]:
    """Yield (path below the manifest's folder, label id) of one split."""
    return ((row.path, CLASSES.index(row.label)) for row in rows if row.split == split)


def write_image(folder: Path, number: int) -> Row:
    """Write one image and return its row; a patient has one class and one split."""
    patient = number // IMAGES_OF_PATIENT
    label = patient % len(CLASSES)
    encoded = encode(pixels_of(number, label))
    path = f"images/{number:06d}.jpg"
    (folder / path).write_bytes(encoded)
    # 70 %, 15 % and 15 % of the patients of each class.
    split = ("train",) * 14 + ("val",) * 3 + ("test",) * 3
    digest = hashlib.sha256(encoded).hexdigest()
    return Row(path, CLASSES[label], f"patient{patient:06d}", split[patient // len(CLASSES) % len(split)], digest)


def link_image(folder: Path, number: int, row: Row) -> Row:
    """Write an image as a link to that of another row, and return its own."""
    path = f"images/{number:06d}.jpg"
    (folder / path).unlink(missing_ok=True)
    (folder / path).hardlink_to(folder / row.path)
    return replace(row, path=path, patient_id=f"patient{number // IMAGES_OF_PATIENT:06d}")


def pixels_of(number: int, label: int) -> np.ndarray:
    """Return uint8 [SIDE, SIDE, 3]: smooth tissue, a bright spot whose place is the class, and the noise of a detector."""
    random = np.random.default_rng(number)
    coarse = Image.fromarray(random.uniform(60, 160, (24, 24)).astype(np.float32))
    tissue = np.asarray(coarse.resize((SIDE, SIDE), Image.Resampling.BICUBIC))
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32) / SIDE
    angle = 2 * np.pi * label / len(CLASSES)
    spot = 80 * np.exp(-((x - 0.5 - 0.3 * np.cos(angle)) ** 2 + (y - 0.5 - 0.3 * np.sin(angle)) ** 2) / 0.006)
    grey = tissue + spot + random.normal(0, 5, (SIDE, SIDE)).astype(np.float32)
    return np.stack([grey, 0.92 * grey, 0.85 * grey], axis=-1).clip(0, 255).astype(np.uint8)


def encode(pixels: np.ndarray) -> bytes:
    """Return pixels as JPEG."""
    written = io.BytesIO()
    Image.fromarray(pixels).save(written, "JPEG", quality=QUALITY)
    return written.getvalue()
