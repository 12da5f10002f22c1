"""The account of an ingest: what became of every manifest row, and the sums."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from components.image_example_gen.row_number import span_and_row
from components.image_example_gen.sorted_lines import SortedLines
from models.features import SPLITS
from pipeline.reasons import Reason

if TYPE_CHECKING:  # it loads TensorFlow, which commands that read an account do without
    from components.image_example_gen.settings import IngestSettings

ACCOUNT_FILE = "account.json"
ROWS_FILE = "rows.jsonl"
EXAMPLE: Final = "example"
QUARANTINED: Final = "quarantined"
SKIPPED: Final = "skipped"
ROW_DIGITS = 20  # by which lines sort as rows do
ALL_SPLITS = "all"
RUN_ID = "run_id"  # custom property of the artifact: the run that made it


@dataclass(frozen=True)
class RowAccount:
    """What became of one row.

    Args:
        row: row_number.row_number of it: the row of the manifest, and the span where data come in spans.
        file: image_key; '' of a row of a patient who is left out, who has no name here.
        patient: patient_key; None without a patient id, and of a patient who is left out.
        split: None where it can't be told.
        label: None unless it is one of the configured classes.
        pixels_sha256: of the canonical pixels and their shape; None for a quarantined row.
        status: whether the row gave an example; 'skipped': it was left out on purpose, and its file not read.
        reason: code of pipeline.reasons.Reason; None for an example.
        study: keyed hash of the study id; None without one.
        difference_hash: of the canonical pixels, 16 hex digits (difference_hash.py); None for a quarantined row.
    """

    row: int
    file: str
    patient: str | None
    split: str | None
    label: str | None
    pixels_sha256: str | None = None
    status: Literal["example", "quarantined", "skipped"] = "example"
    reason: str | None = None
    study: str | None = None
    difference_hash: str | None = None


Indexed = Mapping[str, Any]  # what became of every file of a source: pipeline/sources/index_note.py, counted()


class Summary:
    """Counts rows for account.json; memory grows neither with the rows nor with the patients."""

    def __init__(self, folder: Path) -> None:
        """Sort patients in a folder."""
        self.rows = 0
        self._examples: Counter[tuple[str | None, str | None]] = Counter()  # by split and label
        self._reasons: dict[str, Counter[str]] = {QUARANTINED: Counter(), SKIPPED: Counter()}
        self._spans: defaultdict[int, Counter[str]] = defaultdict(Counter)
        self._patients = SortedLines(folder)

    def add(self, row: RowAccount) -> None:
        """Count a row."""
        self.rows += 1
        span, _ = span_and_row(row.row)
        if span is not None:
            self._spans[span][row.status] += 1
        if row.status == EXAMPLE:
            self._examples[row.split, row.label] += 1
            self._patients.add(f"{row.patient} {row.split}")
        elif row.reason is not None:
            self._reasons[row.status][row.reason] += 1

    def content(self, settings: "IngestSettings", manifest_sha256: str, *, indexed: Indexed | None = None) -> dict[str, Any]:
        """Return the content of account.json, once; `indexed` is None for a manifest that `index` did not write."""
        patients = self._count_patients()
        return {
            "manifest_sha256": manifest_sha256,
            "key_id": settings.key_id,
            "indexed": indexed,
            "image": settings.image_form,
            # A retry reads as the run did; places are not told.
            "settings": {**json.loads(settings.to_json()), "key_file": None, "exclude_file": None},
            "rows": self.rows,
            "examples": self._examples.total(),
            "patients": patients.pop(ALL_SPLITS),
            "patient": settings.patient,
            "splits": {split: self._split(split, patients[split], settings.classes) for split in SPLITS},
            "quarantined": dict(sorted(self._reasons[QUARANTINED].items())),
            "skipped": dict(sorted(self._reasons[SKIPPED].items())),
            "spans": self._span_sums(),
            "unknown_labels": {"rows": self._reasons[QUARANTINED][Reason.UNKNOWN_LABEL.value]},
            "split_seed": settings.split_seed,
            "fractions": dict(zip(SPLITS, settings.fractions, strict=True)),
        }

    def _count_patients(self) -> Counter[str]:
        """Return how many patients there are by split, and in all."""
        found: Counter[str] = Counter({ALL_SPLITS: 0})
        for _, lines in groupby(map(str.split, self._patients), key=itemgetter(0)):
            found.update({ALL_SPLITS, *(split for _, split in lines)})
        return found

    def _split(self, split: str, patients: int, classes: Sequence[str]) -> dict[str, Any]:
        return {
            "images": sum(count for (its, _), count in self._examples.items() if its == split),
            "patients": patients,
            "classes": {name: self._examples[split, name] for name in classes},
        }

    def _span_sums(self) -> list[dict[str, int]]:
        """Return what became of each span's rows, ascending; nothing for data that don't come in spans."""
        return [
            {"span": span, "rows": its.total(), **{status: its[status] for status in (EXAMPLE, QUARANTINED, SKIPPED)}}
            for span, its in sorted(self._spans.items())
        ]


def write_account(
    folder: Path,
    rows: Iterable[RowAccount],
    *,
    settings: "IngestSettings",
    manifest_sha256: str,
    indexed: Indexed | None = None,
) -> None:
    """Write account.json and rows.jsonl, rows in the manifest's order whatever order they come in."""
    sums, lines = Summary(folder), SortedLines(folder)
    for row in rows:
        sums.add(row)
        lines.add(f"{row.row:0{ROW_DIGITS}d} {json.dumps(vars(row))}")
    with (folder / ROWS_FILE).open("w", encoding="utf-8") as file:
        file.writelines(line[ROW_DIGITS + 1 :] for line in lines)
    text = json.dumps(sums.content(settings, manifest_sha256, indexed=indexed), indent=2)
    (folder / ACCOUNT_FILE).write_text(text + "\n", encoding="utf-8")


def read_rows(folder: Path) -> tuple[RowAccount, ...]:
    """Return the rows that `write_account` wrote, in the manifest's order."""
    return tuple(iterate_rows(folder))


def iterate_rows(folder: Path, *, holding: str = "") -> Iterator[RowAccount]:
    """Yield the rows that `write_account` wrote, in the manifest's order; only those whose line holds a text are parsed."""
    with (folder / ROWS_FILE).open(encoding="utf-8") as lines:
        yield from (parsed_row(line) for line in lines if holding in line)


def parsed_row(line: str) -> RowAccount:
    """Return the row of a line of rows.jsonl."""
    return RowAccount(**json.loads(line))


def read_account(folder: Path) -> dict[str, Any]:
    """Return the sums that `write_account` wrote."""
    content: dict[str, Any] = json.loads((folder / ACCOUNT_FILE).read_text(encoding="utf-8"))
    return content
