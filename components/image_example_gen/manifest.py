"""The manifest: a CSV file with a row per image: `path,label,patient_id`, optional standard columns, and slice columns."""

import codecs
import csv
import hashlib
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import TextIOWrapper
from pathlib import Path
from typing import BinaryIO, Literal, TextIO

from pipeline.errors import ConfigError

PATH, LABEL, PATIENT_ID, SPLIT, SHA256 = "path", "label", "patient_id", "split", "sha256"
STUDY_ID, SERIES_ID, FRAME = "study_id", "series_id", "frame"
STANDARD = (PATH, LABEL, PATIENT_ID, SPLIT, SHA256, STUDY_ID, SERIES_ID, FRAME)
PatientRule = Literal["column", "unknown"]


@dataclass(frozen=True)
class ManifestRow:
    """One row of a manifest; its repr names no file and no patient.

    Args:
        row: row_number.row_number of it; the first row below the header is row 1, empty lines don't count.
        path: as it stands in the file: absolute or relative to the manifest's folder.
        label: class name, or several separated by ';'.
        patient_id: '' where the manifest has none.
        split: 'train', 'val', 'test', or '' to split by patient.
        sha256: of the image file's bytes, or ''.
        columns: the further columns by name.
        study_id, series_id: of the DICOM study and series that the image belongs to, or ''.
        frame: which frame of a multi-frame file, from 1 as DICOM counts; None: the file is one image.
        span: that the manifest belongs to; None where data don't come in spans.
        place: the byte of the manifest that the row begins at.
    """

    row: int
    path: str = field(repr=False)
    label: str
    patient_id: str = field(repr=False)
    split: str = ""
    sha256: str = ""
    columns: Mapping[str, str] = field(default_factory=dict, repr=False)
    study_id: str = field(default="", repr=False)
    series_id: str = field(default="", repr=False)
    frame: int | None = None
    span: int | None = None
    place: int = field(default=0, compare=False)

    @property
    def image_name(self) -> str:
        """Span, path and frame as far as the row has them ('12:a.dcm#3'): what tells this image from all others."""
        name = self.path if self.frame is None else f"{self.path}#{self.frame}"
        return name if self.span is None else f"{self.span}:{name}"


def digest(path: Path) -> str:
    """Return the SHA-256 of the manifest's bytes, the identity of the data set.

    Raises:
        ConfigError: when the file can't be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise ConfigError(f"manifest {path}: {error.strerror}. Write one with `medtfx index`.") from error


def files_stamp(rows: Iterable[ManifestRow], folder: Path) -> str:
    """Return a digest of what the rows' files look like from outside: part of the cache key, so that a mended file counts.

    The size, -1 for a file that isn't there; where the manifest gives no SHA-256 also the time of the last change.

    Args:
        rows: of the manifest.
        folder: that relative paths start from.
    """
    stamp = hashlib.sha256()
    for row in rows:
        try:
            status = os.stat(os.path.join(folder, row.path))  # noqa: PTH116, PTH118 - a million Path objects take longer
            seen = (status.st_size, 0 if row.sha256 else status.st_mtime_ns)
        except (OSError, ValueError):
            seen = (-1, 0)
        stamp.update(f"{row.row} {seen}\n".encode())
    return stamp.hexdigest()


def read_manifest(path: Path, *, patient: PatientRule = "column", slices: Sequence[str] = ()) -> tuple[ManifestRow, ...]:
    """Return the rows of a manifest in file order.

    Args:
        path: the CSV file, UTF-8 with or without byte order mark.
        patient: 'column' demands the patient_id column, 'unknown' ignores it.
        slices: further columns that must be there.

    Raises:
        ConfigError: when the file is missing, empty, not UTF-8 CSV, or lacks a column.
    """
    return tuple(iterate_manifest(path, patient=patient, slices=slices))


def iterate_manifest(path: Path, *, patient: PatientRule = "column", slices: Sequence[str] = ()) -> Iterator[ManifestRow]:
    """Yield the rows of a manifest in file order; memory holds one of them. Arguments and errors are those of `read_manifest`."""
    rows, patients = 0, 0
    for row in _iterate(path, patient, slices):
        rows += 1
        patients += bool(row.patient_id)
        yield row
    if not rows:
        raise ConfigError(f"manifest {path}: holds no rows; expected one per image below the header")
    if patient == "column" and not patients:
        raise ConfigError(f"manifest {path}: patient_id is empty in every row. Fill it, or write `data.patient: unknown`.")


def rows_at(path: Path, places: Iterable[tuple[int, int]], *, patient: PatientRule = "column") -> Iterator[ManifestRow]:
    """Yield single rows of a manifest.

    Args:
        path: the CSV file.
        places: number and place of each.
        patient: as in `read_manifest`.

    Raises:
        ConfigError: when the file can't be read or no row begins there.
    """
    with _opened(path) as file:
        with _text(file, _start(file)) as text:
            header = next(csv.reader(text, strict=True), [])
        for row, place in places:
            with _text(file, place) as text:
                cells = next(csv.reader(text, strict=True), [])
            yield _row(path, row, _named(path, row, header, cells), patient=patient, place=place)


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """Open a manifest for reading; turn what goes wrong within into a ConfigError."""
    try:
        with path.open("rb") as file:
            yield file
    except OSError as error:
        raise ConfigError(f"manifest {path}: {error.strerror}. Write one with `medtfx index`.") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"manifest {path}: byte {error.start} is not UTF-8. Save the file as UTF-8.") from error
    except csv.Error as error:
        raise ConfigError(f"manifest {path}: not a CSV file: {error}") from error


@contextmanager
def _text(file: BinaryIO, place: int) -> Iterator[TextIO]:
    """Read a file as CSV's text from a byte on; the file stays open."""
    file.seek(place)
    text = TextIOWrapper(file, encoding="utf-8", newline="")
    try:
        yield text
    finally:
        text.detach()


def _start(file: BinaryIO) -> int:
    """Return where the text begins: behind the byte order mark, where there is one."""
    file.seek(0)
    return len(codecs.BOM_UTF8) if file.read(len(codecs.BOM_UTF8)) == codecs.BOM_UTF8 else 0


class _Lines:
    """The lines of a text, and the byte that the next one begins at."""

    def __init__(self, text: TextIO, place: int) -> None:
        self._text = text
        self.place = place

    def __iter__(self) -> Iterator[str]:
        for line in self._text:
            self.place += len(line) if line.isascii() else len(line.encode())
            yield line


def _iterate(path: Path, patient: PatientRule, slices: Sequence[str]) -> Iterator[ManifestRow]:
    with _opened(path) as file, _text(file, start := _start(file)) as text:
        lines = _Lines(text, start)
        table = csv.reader(lines, strict=True)
        header = next(table, [])
        _check_header(path, header, [PATH, LABEL, *([PATIENT_ID] if patient == "column" else []), *slices])
        row, place = 0, lines.place
        for cells in table:
            if cells:
                row += 1
                yield _row(path, row, _named(path, row, header, cells), patient=patient, place=place)
            place = lines.place


def _named(path: Path, row: int, header: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    """Return the cells of a row by column."""
    if len(cells) != len(header):
        raise ConfigError(f"manifest {path}: row {row} has {len(cells)} cells; expected {len(header)} as in the header")
    return dict(zip(header, cells, strict=True))


def _row(path: Path, row: int, cells: Mapping[str, str], *, patient: PatientRule, place: int) -> ManifestRow:
    return ManifestRow(
        row=row,
        path=cells[PATH],
        label=cells[LABEL].strip(),
        patient_id=cells[PATIENT_ID].strip() if patient == "column" else "",
        split=cells.get(SPLIT, "").strip(),
        sha256=cells.get(SHA256, "").strip().lower(),
        study_id=cells.get(STUDY_ID, "").strip(),
        series_id=cells.get(SERIES_ID, "").strip(),
        frame=_frame(path, row, cells.get(FRAME, "").strip()),
        columns={name: value for name, value in cells.items() if name not in STANDARD},
        place=place,
    )


def _frame(path: Path, row: int, cell: str) -> int | None:
    """Return the number of a frame cell, None for an empty one."""
    if not cell:
        return None
    if not (cell.isascii() and cell.isdigit() and int(cell) > 0):
        raise ConfigError(f"manifest {path}: row {row}: frame is no number from 1; expected one, or an empty cell")
    return int(cell)


def _check_header(path: Path, header: Sequence[str], needed: Sequence[str]) -> None:
    """Raise ConfigError unless every needed column is there, and each column once."""
    if not header:
        raise ConfigError(f"manifest {path}: is empty; expected a header with {', '.join(needed)}")
    if not {*STANDARD, *needed} & {*header}:  # not shown: it may be a row, with a patient in it
        why = "is the header missing, or the separator no comma?"
        raise ConfigError(f"manifest {path}: the first line names none of {', '.join(needed)}; {why}")
    missing = [name for name in needed if name not in header]
    if missing:
        advice = " Or write `data.patient: unknown`." if PATIENT_ID in missing else ""
        raise ConfigError(f"manifest {path}: no column {', '.join(missing)}; it has {', '.join(header)}.{advice}")
    repeated = [name for name, count in Counter(header).items() if count > 1]
    if repeated:
        raise ConfigError(f"manifest {path}: column {', '.join(repeated)} stands there more than once")
