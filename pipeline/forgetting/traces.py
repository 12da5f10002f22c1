"""The names under which a root knows patients: keyed hashes of the patients, and of their images and studies."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from components.image_example_gen.account import ACCOUNT_FILE, EXAMPLE, ROWS_FILE, RowAccount, parsed_row
from components.image_example_gen.manifest import ManifestRow
from components.image_example_gen.pseudonym import Pseudonymizer
from pipeline.root import Root

SHOWN_DIGITS = 12  # of a hash in logs and reports: 48 bits, enough to tell one from all others
HASH = re.compile(rf"[0-9a-f]{{{SHOWN_DIGITS},}}")


@dataclass(frozen=True)
class Patient:
    """A patient who is to be forgotten.

    Args:
        records: the name in the record of the act under each pseudonym key that is at hand, that of today's runs first.
        keys: patient_key under each of them.
    """

    records: tuple[str, ...]
    keys: frozenset[str]


@dataclass(frozen=True)
class RecordedRow:
    """A row of an account.

    Args:
        execution: of the ingest that wrote it: the folder's name, as of the examples that it belongs to.
        row: as it stands there.
    """

    execution: str
    row: RowAccount


@dataclass(frozen=True)
class Traces:
    """What to look for.

    Args:
        patients: patient keys.
        others: image_key and study hash of everything that is theirs.
    """

    patients: frozenset[str]
    others: frozenset[str] = frozenset()

    @property
    def beginnings(self) -> frozenset[str]:
        """The first SHOWN_DIGITS of each."""
        return frozenset(name[:SHOWN_DIGITS] for name in self.patients | self.others)

    def finder(self) -> "Finder":
        """Return what tells whether a text names one of them."""
        return Finder(self.beginnings)


class Finder:
    """Tells whether a text holds one of some hashes, in full or as it is shown to people."""

    def __init__(self, beginnings: Iterable[str]) -> None:
        """Look for these first digits."""
        self._beginnings = frozenset(beginnings)

    def __call__(self, text: str) -> bool:
        """Return whether one of them is there."""
        return any(found[:SHOWN_DIGITS] in self._beginnings for found in HASH.findall(text))


def patient_of(patient_id: str, pseudonymizers: Sequence[Pseudonymizer]) -> Patient:
    """Return a patient by all keys at hand, that of today's runs first."""
    keys = frozenset(pseudonymizer.patient(patient_id) for pseudonymizer in pseudonymizers)
    return Patient(tuple(pseudonymizer.forgotten(patient_id) for pseudonymizer in pseudonymizers), keys)


def account_folders(root: Root) -> list[Path]:
    """Return the folders of all accounts below a root that have rows, the oldest first."""
    found = root.artifacts.glob(f"ImageExampleGen/account/*/{ROWS_FILE}")
    return sorted((path.parent for path in found), key=lambda folder: int(folder.name))


def key_id_of(account: Path) -> str:
    """Return the id of the pseudonym key of an account, '' where it can't be read."""
    try:
        return str(json.loads((account / ACCOUNT_FILE).read_text(encoding="utf-8"))["key_id"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def recorded_rows(root: Root, patients: Sequence[Patient]) -> list[RecordedRow]:
    """Return the rows of all accounts below a root that are of these patients."""
    keys = frozenset().union(*(patient.keys for patient in patients))
    return [row for account in account_folders(root) for row in _rows_of(account, keys)]


def _rows_of(account: Path, keys: frozenset[str]) -> Iterator[RecordedRow]:
    with (account / ROWS_FILE).open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            row = _parsed(line) if any(key in line for key in keys) else None  # of a large account few lines are parsed
            if row is not None and row.patient in keys:
                yield RecordedRow(account.name, row)


def _parsed(line: str) -> RowAccount | None:
    """Return the row of a line, None for one that a kill cut short: it tells no more than the patient, and goes all the same."""
    try:
        return parsed_row(line)
    except (ValueError, TypeError):
        return None


def seen_in(rows: Iterable[RecordedRow], patient: Patient) -> dict[str, frozenset[str]]:
    """Return execution of an ingest -> splits of its examples in which a patient is."""
    seen: dict[str, frozenset[str]] = {}
    for recorded in rows:
        row = recorded.row
        if row.patient in patient.keys and row.status == EXAMPLE and row.split:
            seen[recorded.execution] = seen.get(recorded.execution, frozenset()) | {row.split}
    return seen


def traces_of(
    patients: Sequence[Patient],
    recorded: Iterable[RecordedRow],
    rows: Sequence[ManifestRow],
    pseudonymizers: Sequence[Pseudonymizer],
) -> Traces:
    """Return what to look for: what the accounts say is theirs, and what their rows of the manifest would be called."""
    keys = frozenset().union(*(patient.keys for patient in patients))
    images = {found.row.file for found in recorded} | {key.image(row.image_name) for key in pseudonymizers for row in rows}
    studies = {found.row.study for found in recorded} | {
        key.study(row.study_id) for key in pseudonymizers for row in rows if row.study_id
    }
    return Traces(keys, frozenset(name for name in images | studies if name))
