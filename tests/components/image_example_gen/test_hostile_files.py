"""Every hostile file, every DICOM file and bombs through an ingest, in a process of its own so that a crash would be seen."""

import csv
import gzip
import io
import json
import zlib
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pydicom import dcmread
from pydicom.uid import DeflatedExplicitVRLittleEndian

from components.image_example_gen.account import read_account, read_rows
from components.image_example_gen.image_reader import decode_in_process
from components.image_example_gen.manifest import digest
from models.canonical_image import CanonicalSpec
from models.rendering.settings import Limits
from pipeline.errors import ImageError

INGEST = """
import json, sys
from pathlib import Path
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.types import standard_artifacts
from components.artifacts import IngestAccount
from components.image_example_gen.executor import Executor
from pipeline.beam_arguments import IN_PROCESS
target, properties = Path(sys.argv[1]), json.loads(sys.argv[2])
artifacts = {"examples": standard_artifacts.Examples(), "account": IngestAccount()}
for name, artifact in artifacts.items():
    artifact.uri = str(target / name)
    Path(artifact.uri).mkdir(parents=True)
executor = Executor(BaseBeamExecutor.Context(beam_pipeline_args=IN_PROCESS))
executor.Do({}, {name: [artifact] for name, artifact in artifacts.items()}, properties)
"""


def ingest(data: Any, target: Path, start_program: Callable[..., Any]) -> tuple[Counter[str], dict[str, str]]:
    """Run an ingest in a process of its own; return what became of its rows, summed and by path."""
    data.write_manifest()
    properties = {
        "manifest": str(data.manifest),
        "manifest_sha256": digest(data.manifest),
        "settings": data.settings.to_json(),
        "work_dir": str(target / "work"),
    }
    done = start_program(INGEST, target, json.dumps(properties)).finish()
    assert done.code == 0, done.stderr
    rows = read_rows(target / "account")
    account = read_account(target / "account")
    outcomes = {path: row.reason or "example" for (path, *_), row in zip(data.rows, rows, strict=True)}
    check_sums(account, rows, target / "examples")
    return Counter(outcomes.values()), outcomes


def check_sums(account: dict[str, Any], rows: Iterable[Any], examples: Path) -> None:
    statuses = Counter(row.status for row in rows)
    assert account["rows"] == sum(statuses.values())
    assert account["examples"] == statuses["example"]
    files = [str(path) for path in examples.rglob("data_tfrecord-*")]
    assert sum(1 for _ in tf.data.TFRecordDataset(files)) == statuses["example"]


def rows_of(paths: Iterable[Path | str]) -> list[tuple[str, ...]]:
    return [(str(path), ("ill", "well")[number % 2], f"P{number}", "north") for number, path in enumerate(paths)]


def index_of(folder: Path) -> list[dict[str, str]]:
    with (folder / "INDEX.csv").open() as file:
        return list(csv.DictReader(file))


@pytest.fixture
def files(make_data: Callable[..., Any]) -> Any:
    """A data set without rows."""
    data = make_data(0)
    return data.with_settings(slices=(), shard_rows=100)


def test_every_hostile_file_is_an_example_or_has_a_reason(
    files: Any, shared_data: Path, tmp_path: Path, start_program: Callable[..., Any]
) -> None:
    folder = shared_data / "hostile"
    files.rows.extend(rows_of(folder / entry["file"] for entry in index_of(folder)))
    sums, _ = ingest(files, tmp_path / "run", start_program)
    assert sum(sums.values()) == 589
    assert sums == {
        "example": 191,
        "truncated": 264,
        "undecodable": 81,
        "unsupported_format": 50,  # GIF, BMP, a TIFF of 16-bit colour
        "too_many_pixels": 3,
    }


def test_every_dicom_file_is_an_example_or_has_a_reason(
    files: Any, shared_data: Path, tmp_path: Path, start_program: Callable[..., Any]
) -> None:
    folder = shared_data / "dicom"
    entries = index_of(folder)
    files.rows.extend(rows_of(folder / entry["file"] for entry in entries))
    sums, outcomes = ingest(files, tmp_path / "run", start_program)
    assert sum(sums.values()) == 159
    refused = {entry["file"]: outcomes[str(folder / entry["file"])] for entry in entries if entry["decodes"] == "yes"}
    # JPEG of 12 bit: its one decoder is under the GPL and not among the dependencies.
    assert {name: reason for name, reason in refused.items() if reason != "example"} == {
        "pydicom/JPGExtended.dcm": "unsupported_transfer_syntax"
    }
    assert sums == {
        "example": 124,
        "no_pixels": 27,
        "unsupported_transfer_syntax": 3,
        "undecodable": 3,
        "implausible_compression": 1,
        "truncated": 1,
    }


def saved(image: Image.Image, form: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return buffer.getvalue()


def deflated_dicom(shared_data: Path, expanded: int) -> bytes:
    """Return a DICOM file of some kilobytes whose deflated data set grows to `expanded` bytes."""
    dataset = dcmread(shared_data / "dicom/pydicom/CT_small.dcm")
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    dataset.PixelData = bytes(dataset.Rows * dataset.Columns * 2)
    dataset.add_new((0x0009, 0x1099), "OB", bytes(expanded))
    buffer = io.BytesIO()
    dataset.save_as(buffer)
    return buffer.getvalue()


def test_bombs_fall_alone_and_the_files_between_them_stand(
    files: Any, shared_data: Path, tmp_path: Path, start_program: Callable[..., Any], crashing_dicom: bytes
) -> None:
    values = np.random.default_rng(0).integers(0, 99, (8, 9, 3)).astype(np.int16)
    header = nibabel.Nifti1Image(values, np.eye(4)).header.copy()
    header.set_data_shape((5000, 5000, 300))
    header["vox_offset"] = 352
    made = {
        "good.png": saved(Image.fromarray(values[..., 0].astype(np.uint8)), "PNG"),
        "claim.nii.gz": gzip.compress(header.binaryblock + bytes(2**25), 9),
        "good.nii.gz": gzip.compress(nibabel.Nifti1Image(values, np.eye(4)).to_bytes()),
        "wide.tif": saved(Image.fromarray(np.zeros((7000, 7000), np.float32)), "TIFF", compression="tiff_adobe_deflate"),
        "good.tif": saved(Image.fromarray(values[..., 1].astype(np.uint8)), "TIFF"),
        "deflated.dcm": deflated_dicom(shared_data, 2**28),
        "crash.dcm": crashing_dicom,
        "good.dcm": (shared_data / "dicom/pydicom/CT_small.dcm").read_bytes(),
    }
    for name, content in made.items():
        (files.folder / name).write_bytes(content)
    files.rows.extend(rows_of(made))
    _, outcomes = ingest(files.with_settings(limits=Limits(memory_mb=150)), tmp_path / "run", start_program)
    bombs = dict.fromkeys(("claim.nii.gz", "wide.tif", "deflated.dcm"), "too_much_memory") | {"crash.dcm": "decoder_crashed"}
    assert outcomes == {**dict.fromkeys(made, "example"), **bombs}


PIXELS = np.random.default_rng(2).integers(0, 256, (20, 30, 3), dtype=np.uint8)
FILES = [
    saved(Image.fromarray(PIXELS), "PNG"),
    saved(Image.fromarray(PIXELS[..., 0].astype(np.uint16) * 200), "PNG"),
    saved(Image.fromarray(PIXELS).quantize(16), "PNG"),
    saved(Image.fromarray(PIXELS), "JPEG"),
    saved(Image.fromarray(PIXELS), "JPEG", progressive=True),
]
SPEC = CanonicalSpec(size=16, max_pixels=10_000)


def with_right_checksums(png: bytes) -> bytes:
    """Give each chunk of a PNG file the checksum that it asks for: only so do changes reach the decoder."""
    whole, place = bytearray(png), 8
    while place + 12 <= len(whole):
        length = int.from_bytes(whole[place : place + 4], "big")
        end = place + 8 + length
        if end + 4 > len(whole):
            break
        whole[end : end + 4] = zlib.crc32(whole[place + 4 : end]).to_bytes(4, "big")
        place = end + 4
    return bytes(whole)


@settings(max_examples=400)
@given(data=st.data(), encoded=st.sampled_from(FILES))
def test_changed_png_and_jpeg_files_end_in_pixels_or_a_reason(data: st.DataObject, encoded: bytes) -> None:
    changed = bytearray(encoded)
    for _ in range(data.draw(st.integers(1, 8))):
        changed[data.draw(st.integers(3, len(changed) - 1))] = data.draw(st.integers(0, 255))
    repaired = with_right_checksums(bytes(changed)) if encoded.startswith(b"\x89PNG") else bytes(changed)
    try:
        image = decode_in_process(repaired, SPEC)
    except ImageError:
        return
    assert image.pixels.shape == (16, 16, 3)
