"""forgotten.jsonl below the root: who was forgotten, by a keyed hash of its own, when, what went, which versions saw them.

An act has a line when it begins and one when it is done: the first tells what a killed one was about.
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from pipeline.root import Root, write_atomically

RECORD_FILE = "forgotten.jsonl"


@dataclass(frozen=True)
class Act:
    """A line of the record.

    Args:
        patient: keyed hash, of a domain of its own: it is no patient_key.
        key_id: of the pseudonym key behind it.
        when: UTC, to the second; '' before it is written.
        state: 'begun' or 'done'.
        deleted, rewritten: places below the root, of all patients of one command.
        models: lineage.ModelUse as plain values: what had learned from the patient or was judged with it.
        unsearched_runs: runs with a pseudonym key that was not at hand.
    """

    patient: str
    key_id: str
    when: str = ""
    state: Literal["begun", "done"] = "begun"
    deleted: tuple[str, ...] = ()
    rewritten: tuple[str, ...] = ()
    models: tuple[dict[str, Any], ...] = ()
    unsearched_runs: tuple[str, ...] = ()


def now() -> str:
    """Return the time for a line."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def read_record(root: Root) -> tuple[Act, ...]:
    """Return the lines of the record, none where nobody was forgotten."""
    try:
        lines = (root.path / RECORD_FILE).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return ()
    return tuple(_act(json.loads(line)) for line in lines)


def _act(line: dict[str, Any]) -> Act:
    fields: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in line.items()}
    return Act(**fields)


def add_to_record(root: Root, acts: Sequence[Act]) -> None:
    """Append lines, all or none."""
    lines = [json.dumps(asdict(act)) + "\n" for act in (*read_record(root), *acts)]
    write_atomically(root.path / RECORD_FILE, "".join(lines))
    (root.path / RECORD_FILE).chmod(0o600)


def last_act(acts: Sequence[Act], names: Collection[str]) -> Act | None:
    """Return the last line about a patient with one of these names, None for one who was never forgotten."""
    return next((act for act in reversed(acts) if act.patient in names), None)
