"""A CSV table with a row per image, its columns mapped onto the manifest's."""

import csv
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from components.image_example_gen.manifest import LABEL, PATH, PATIENT_ID, SHA256, SPLIT
from pipeline.config import TableSource
from pipeline.errors import ConfigError
from pipeline.sources.entry import Entry, Listing

NEEDED = (PATH, LABEL)
OWN = (PATH, LABEL, PATIENT_ID, SPLIT)


def list_table(source: TableSource) -> Listing:
    """Return an entry per row of the table that has a label; files are not opened.

    Raises:
        ConfigError: when the table is missing, is not CSV, lacks a mapped column, or gives no entry.
    """
    _check_mapping(source.columns)
    rows = read_table(source.path, source.columns.values() or NEEDED)
    mapping = source.columns or {name: name for name in OWN if rows and name in rows[0]}
    folder = source.images or source.path.parent
    skipped: Counter[str] = Counter()
    entries = []
    for row in rows:
        cells = {name: (row[column] or "").strip() for name, column in mapping.items()}
        label = mapped_label(cells[LABEL], source.labels, source.default_label)
        if label is None or not cells[PATH]:
            skipped["no_path" if not cells[PATH] else "label_not_mapped" if cells[LABEL] else "no_label"] += 1
        else:
            entries.append(_entry(cells, label, folder))
    if not entries:
        raise ConfigError(f"table {source.path}: no row with a path and a label; expected at least one")
    return Listing(tuple(entries), inputs=(source.path,), skipped=skipped, seen=len(rows))


def mapped_label(label: str, patterns: Mapping[str, str], default: str | None) -> str | None:
    """Return the class of a table's label; None when it has none.

    Args:
        label: as it stands in the table; an empty one says nothing, so the default does not apply.
        patterns: fnmatch pattern -> class, the first match wins; empty: the label is the class.
        default: class of a label that no pattern matches.
    """
    if not label:
        return None
    if not patterns:
        return label
    return next((name for pattern, name in patterns.items() if fnmatchcase(label, pattern)), default)


def _entry(cells: Mapping[str, str], label: str, folder: Path) -> Entry:
    columns = {name: value for name, value in cells.items() if name not in OWN}
    return Entry(folder / cells[PATH], label, cells.get(PATIENT_ID, ""), cells.get(SPLIT, ""), columns)


def _check_mapping(mapping: Mapping[str, str]) -> None:
    """Raise ConfigError unless the mapping, if there is one, has what a manifest needs."""
    missing = [name for name in NEEDED if name not in mapping]
    if mapping and missing:
        raise ConfigError(f"source.columns: no entry for {', '.join(missing)}; it has {', '.join(mapping)}")
    if SHA256 in mapping:
        raise ConfigError("source.columns: sha256 is computed from the files; expected no entry for it")


def read_table(path: Path, mapped: Collection[str]) -> Sequence[dict[str, str]]:
    """Return the rows of a CSV table that has the mapped columns.

    Raises:
        ConfigError: when it is missing, is not CSV or lacks a column.
    """
    rows = _read(path)
    header = list(rows[0]) if rows else list(mapped)
    missing = [column for column in mapped if column not in header]
    if missing and len(missing) == len(mapped):  # the first line is not shown: it may be a row, with a patient in it
        why = "is the header missing, or the separator no comma?"
        raise ConfigError(f"table {path}: the first line names none of {', '.join(mapped)}; {why}")
    if missing:
        raise ConfigError(f"table {path}: no column {', '.join(missing)}; it has {', '.join(header)}")
    return rows


def _read(path: Path) -> Sequence[dict[str, str]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file, restkey="", restval=""))
    except OSError as error:
        raise ConfigError(f"table {path}: {error.strerror}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(f"table {path}: not a UTF-8 CSV file: {error}") from error
