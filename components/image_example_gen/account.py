"""The account of an ingest: what became of every manifest row, and the sums."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from components.image_example_gen.row_number import span_and_row
from models.features import SPLITS
from pipeline.reasons import Reason

if TYPE_CHECKING:  # it loads TensorFlow, which commands that read an account do without
    from components.image_example_gen.settings import IngestSettings

ACCOUNT_FILE = "account.json"
ROWS_FILE = "rows.jsonl"
EXAMPLE: Final = "example"
QUARANTINED: Final = "quarantined"
SKIPPED: Final = "skipped"
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


def summary(
    rows: Sequence[RowAccount], settings: "IngestSettings", manifest_sha256: str, *, indexed: Indexed | None = None
) -> dict[str, Any]:
    """Return the content of account.json; `indexed` is None for a manifest that `index` did not write."""
    examples = [row for row in rows if row.status == EXAMPLE]
    reasons = Counter(row.reason for row in rows if row.status == QUARANTINED and row.reason is not None)
    skipped = Counter(row.reason for row in rows if row.status == SKIPPED and row.reason is not None)
    return {
        "manifest_sha256": manifest_sha256,
        "key_id": settings.key_id,
        "indexed": indexed,
        "image": settings.image_form,
        # A retry reads as the run did; places are not told.
        "settings": {**json.loads(settings.to_json()), "key_file": None, "exclude_file": None},
        "rows": len(rows),
        "examples": len(examples),
        "patients": len({row.patient for row in examples}),
        "patient": settings.patient,
        "splits": {split: _split_summary([row for row in examples if row.split == split], settings.classes) for split in SPLITS},
        "quarantined": dict(sorted(reasons.items())),
        "skipped": dict(sorted(skipped.items())),
        "spans": _span_summaries(rows),
        "unknown_labels": {"rows": reasons[Reason.UNKNOWN_LABEL.value]},
        "split_seed": settings.split_seed,
        "fractions": dict(zip(SPLITS, settings.fractions, strict=True)),
    }


def _span_summaries(rows: Sequence[RowAccount]) -> list[dict[str, int]]:
    """Return what became of each span's rows, ascending; nothing for data that don't come in spans."""
    counts: dict[int, Counter[str]] = {}
    for row in rows:
        span, _ = span_and_row(row.row)
        if span is not None:
            counts.setdefault(span, Counter())[row.status] += 1
    return [
        {"span": span, "rows": its.total(), **{status: its[status] for status in (EXAMPLE, QUARANTINED, SKIPPED)}}
        for span, its in sorted(counts.items())
    ]


def _split_summary(examples: Sequence[RowAccount], classes: Sequence[str]) -> dict[str, Any]:
    labels = Counter(row.label for row in examples)
    return {
        "images": len(examples),
        "patients": len({row.patient for row in examples}),
        "classes": {name: labels[name] for name in classes},
    }


def write_account(
    folder: Path,
    rows: Iterable[RowAccount],
    *,
    settings: "IngestSettings",
    manifest_sha256: str,
    indexed: Indexed | None = None,
) -> None:
    """Write account.json and rows.jsonl, rows in the manifest's order."""
    ordered = sorted(rows, key=lambda row: row.row)
    with (folder / ROWS_FILE).open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(asdict(row)) + "\n" for row in ordered)
    text = json.dumps(summary(ordered, settings, manifest_sha256, indexed=indexed), indent=2)
    (folder / ACCOUNT_FILE).write_text(text + "\n", encoding="utf-8")


def read_rows(folder: Path) -> tuple[RowAccount, ...]:
    """Return the rows that `write_account` wrote, in the manifest's order."""
    with (folder / ROWS_FILE).open(encoding="utf-8") as file:
        return tuple(map(parsed_row, file))


def parsed_row(line: str) -> RowAccount:
    """Return the row of a line of rows.jsonl."""
    return RowAccount(**json.loads(line))


def read_account(folder: Path) -> dict[str, Any]:
    """Return the sums that `write_account` wrote."""
    content: dict[str, Any] = json.loads((folder / ACCOUNT_FILE).read_text(encoding="utf-8"))
    return content
