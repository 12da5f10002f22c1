"""From a source to its manifest: what `medtfx index` does, and `run` first where a configuration has a `source:` block."""

import csv
import hashlib
import io
import json
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.image_example_gen.manifest import FRAME, LABEL, PATH, PATIENT_ID, SHA256, SPLIT, read_manifest
from pipeline.config import ClassFolderSource, DemoSource, DicomSource, MedmnistSource, Source, TableSource
from pipeline.errors import ConfigError
from pipeline.sources.class_folders import list_class_folders
from pipeline.sources.demo import make_demo
from pipeline.sources.dicom_tree import list_dicom_tree, tree_files
from pipeline.sources.entry import Entry, Listing
from pipeline.sources.image_folder import image_folder
from pipeline.sources.index_note import counted, note_path, read_note
from pipeline.sources.medmnist import extract_medmnist
from pipeline.sources.table import list_table

INDEX_VERSION = 1  # raised when the same source comes to give another manifest
READING_THREADS = 4


@dataclass(frozen=True)
class IndexResult:
    """What an index run wrote.

    Args:
        manifest: the CSV file.
        rows: of the manifest.
        classes: images by class.
        patients: number of patients; of images where the source knows no patients.
        patients_known: whether it does; if not, the configuration says `data.patient: unknown`.
        missing: rows whose file is not there or can't be read; ingest quarantines them.
        skipped: files or rows that were left out, by reason.
        files: how many there were, used and skipped.
    """

    manifest: Path
    rows: int
    classes: Mapping[str, int]
    patients: int
    patients_known: bool
    missing: int
    skipped: Mapping[str, int]
    files: int


def index(source: Source, manifest: Path, *, fewest_classes: int = 2) -> IndexResult:
    """Write the manifest of a source, and beside it what `is_current` needs.

    Args:
        source: what to index.
        manifest: the CSV file to write.
        fewest_classes: that the source must hold.

    Raises:
        ConfigError: when the source gives no data set of so many classes, the manifest can't be written, or one that people
            wrote or changed is in its place.
    """
    before = _own_manifest_digest(manifest)
    try:
        manifest.parent.mkdir(parents=True, exist_ok=True)
        listing = list_source(source, manifest)
        account = counted(listing)
        classes = Counter(entry.label for entry in listing.entries)
        _check_classes(classes, fewest_classes)
        digests = _sha256_of_entries(listing.entries)
        content = manifest_bytes(listing.entries, digests, manifest.parent)
        _write(note_path(manifest), _note_bytes(source, listing, manifest=manifest, digests=[_sha256(content), before]))
        _write(manifest, content)
    except OSError as error:
        raise ConfigError(f"{error.filename or manifest}: {error.strerror}") from error
    patients = {entry.patient_id for entry in listing.entries if entry.patient_id}
    return IndexResult(
        manifest=manifest,
        rows=len(listing.entries),
        classes=dict(sorted(classes.items())),
        patients=len(patients) or len(listing.entries),
        patients_known=bool(patients),
        missing=digests.count(""),
        skipped=account["skipped"],
        files=account["files"],
    )


def is_current(source: Source, manifest: Path) -> bool:
    """Tell whether the manifest is what `index` would write, judged by settings, file sizes and times."""
    try:
        noted = read_note(manifest)
        if noted["source"] != _settings(source) or noted["manifest_sha256"] != _sha256(manifest.read_bytes()):
            return False
        images = [manifest.parent / row.path for row in read_manifest(manifest, patient="unknown")]
        stamp: str = noted["stamp"]
        return "indexed" in noted and stamp == _stamp([*images, *_inputs(source, manifest)])
    except (OSError, ValueError, KeyError, TypeError, ConfigError):  # absent, or cut short by a kill: index again
        return False


def list_source(source: Source, manifest: Path) -> Listing:
    """Return what a source holds; MedMNIST and demo images are written beside the manifest."""
    match source:
        case ClassFolderSource():
            return list_class_folders(source)
        case TableSource():
            return list_table(source)
        case DicomSource():
            return list_dicom_tree(source, manifest)
        case MedmnistSource():
            return extract_medmnist(source, image_folder(manifest))
        case DemoSource():
            return make_demo(source, image_folder(manifest))


def manifest_bytes(entries: Sequence[Entry], digests: Sequence[str], folder: Path) -> bytes:
    """Return the manifest of entries, rows sorted by path.

    Args:
        entries: of the source.
        digests: SHA-256 of each entry's file, '' for one that is not there or can't be read.
        folder: that the manifest lies in; paths below it are written relative to it, others absolute.
    """
    extra = sorted({name for entry in entries for name in entry.columns})
    splits = [SPLIT] if any(entry.split for entry in entries) else []
    header = [PATH, LABEL, PATIENT_ID, *splits, *extra, SHA256]
    rows = [
        {**entry.columns, PATH: _cell(entry.path, folder), LABEL: entry.label, PATIENT_ID: entry.patient_id, SPLIT: entry.split}
        | {SHA256: digest}
        for entry, digest in zip(entries, digests, strict=True)
    ]
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, header, restval="", extrasaction="ignore", lineterminator="\n")
    writer.writeheader()
    writer.writerows(sorted(rows, key=lambda row: [_in_order(name, row.get(name, "")) for name in header]))
    return text.getvalue().encode()


def _in_order(name: str, cell: str) -> str:
    """Return what a cell is sorted by: frame 10 comes after frame 2."""
    return cell.zfill(10) if name == FRAME else cell


def _cell(path: Path, folder: Path) -> str:
    # Links stay as they are named: resolving them would change names, and the image keys with them.
    path, folder = (Path(os.path.normpath(item.absolute())) for item in (path, folder))
    return path.relative_to(folder).as_posix() if path.is_relative_to(folder) else str(path)


def _check_classes(classes: Mapping[str, int], fewest: int) -> None:
    """Raise ConfigError unless there are enough classes, none with a ';' in its name."""
    if len(classes) < fewest:
        raise ConfigError(f"source: holds one class only, {next(iter(classes))!r}; expected two or more")
    wrong = sorted(name for name in classes if ";" in name)
    if wrong:
        raise ConfigError(f"source: class {wrong[0]!r} has a ';' in its name, which separates several labels. Rename it.")


def _sha256_of_entries(entries: Sequence[Entry]) -> list[str]:
    with ThreadPoolExecutor(READING_THREADS) as pool:
        return list(pool.map(lambda entry: entry.sha256 or _sha256_of_file(entry.path), entries))


def _sha256_of_file(path: Path) -> str:
    """Return the digest of a file, '' where it can't be read: ingest quarantines such a row and counts it."""
    try:
        if not path.is_file():
            return ""
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _note_bytes(source: Source, listing: Listing, *, manifest: Path, digests: Sequence[str | None]) -> bytes:
    """Return what is noted of an index run; it is written first, so that it knows the manifest before and after."""
    images = [manifest.parent / _cell(entry.path, manifest.parent) for entry in listing.entries]
    noted = {
        "source": _settings(source),
        "manifest_sha256": digests[0],
        "previous_sha256": digests[1],
        "stamp": _stamp([*images, *_inputs(source, manifest)]),
        "indexed": counted(listing),
    }
    return json.dumps(noted, indent=2, sort_keys=True).encode() + b"\n"


def _settings(source: Source) -> dict[str, Any]:
    return {"version": INDEX_VERSION, **source.model_dump(mode="json")}


def _inputs(source: Source, manifest: Path) -> list[Path]:
    """Return the files that a source's entries follow from."""
    match source:
        case ClassFolderSource():
            return [entry.path for entry in list_class_folders(source).entries]
        case DicomSource():
            _, files = tree_files(source, manifest, Counter())
            return [source.table, *(source.path / file.name for file in files)]
        case TableSource() | MedmnistSource():
            return [source.path]
        case DemoSource():
            return []


def _stamp(paths: Iterable[Path]) -> str:
    """Return a digest of names, sizes and times; a file that is missing or can't be read counts as such."""
    lines = set()
    for path in paths:
        status = path.stat() if os.access(path, os.R_OK, effective_ids=True) else None
        lines.add(f"{path.absolute()}\0{status.st_size if status else -1}\0{status.st_mtime_ns if status else -1}")
    return _sha256("\n".join(sorted(lines)).encode("utf-8", "surrogateescape"))


def _own_manifest_digest(manifest: Path) -> str | None:
    """Return the digest of the manifest in place, None when there is none.

    Raises:
        ConfigError: when it is not as `index` left it: people's work is never written over.
    """
    if not manifest.exists():
        return None
    found = _sha256(manifest.read_bytes())
    noted = read_note(manifest)
    if found not in (noted.get("manifest_sha256"), noted.get("previous_sha256")):
        raise ConfigError(f"manifest {manifest}: was written or changed by hand. Move it away, or drop the `source:` block.")
    return found


def _write(path: Path, content: bytes) -> None:
    """Write a file whole or not at all."""
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(content)
    part.replace(path)
