"""The table that says which study, image or patient has which label; it is joined to the files of a tree by a key."""

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.config import DicomSource
from pipeline.errors import ConfigError
from pipeline.sources.table import mapped_label, read_table


@dataclass(frozen=True)
class Label:
    """What the table says of a key.

    Args:
        name: the class; '' where there is none.
        split: official split, or ''.
        skip: reason why its files are left out, '' when they are used.
    """

    name: str = ""
    split: str = ""
    skip: str = ""


NOT_IN_TABLE = Label(skip="not_in_table")
CONFLICTING = Label(skip="conflicting_labels")  # rows of one key that disagree; which of them is right nobody can tell


def read_labels(source: DicomSource) -> Mapping[str, Label]:
    """Return key -> label; rows that say the same of one key count once.

    Raises:
        ConfigError: when the table is missing, is not CSV, lacks a mapped column or names no key.
    """
    labels: dict[str, Label] = {}
    for row in read_table(source.table, list(source.columns.values())):
        cells = {name: row[column].strip() for name, column in source.columns.items()}
        if cells["key"]:
            found = _label(cells["label"], cells.get("split", ""), source)
            labels[cells["key"]] = found if labels.get(cells["key"], found) == found else CONFLICTING
    if not labels:
        raise ConfigError(f"table {source.table}: no row with a {source.columns['key']}; expected one per {source.join}")
    return labels


def _label(cell: str, split: str, source: DicomSource) -> Label:
    name = mapped_label(cell, source.labels, source.default_label)
    if name is None:
        return Label(skip="label_not_mapped" if cell else "no_label")
    return Label(name, split)
