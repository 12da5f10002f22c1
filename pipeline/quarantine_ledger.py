"""The quarantine ledger: which files were set aside, since when, and whether a later run took them.

quarantine.jsonl below the root, a line per file. A file is named by its keyed hash: `medtfx index --which` turns it back.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Literal

from components.image_example_gen.account import EXAMPLE, QUARANTINED, RowAccount
from components.image_example_gen.row_number import span_and_row
from pipeline.reasons import Reason
from pipeline.root import Root, write_atomically

LEDGER_FILE = "quarantine.jsonl"


@dataclass(frozen=True)
class LedgerEntry:
    """One file that was set aside.

    Args:
        row: of the manifest, where it stood last.
        file: image_key.
        reason: code of pipeline.reasons.Reason, the latest.
        first_run, last_run: the first run that set it aside, and the last that said something of it.
        state: 'open': set aside by the last run; 'readable': `index --retry` could read it, no run has yet; 'readmitted': a run
            took it; 'withdrawn': no manifest of the last run names it any more, the window may have gone on.
        span: whose manifest the row is of; None where data don't come in spans.
    """

    row: int
    file: str
    reason: str
    first_run: str
    last_run: str
    state: Literal["open", "readable", "readmitted", "withdrawn"] = "open"
    span: int | None = None

    @property
    def is_open(self) -> bool:
        """Whether no run has taken the file yet."""
        return self.state in ("open", "readable")


def read_ledger(root: Root) -> tuple[LedgerEntry, ...]:
    """Return the entries, none where no run has set a file aside."""
    try:
        lines = (root.path / LEDGER_FILE).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return ()
    return tuple(LedgerEntry(**json.loads(line)) for line in lines)


def write_ledger(root: Root, entries: Iterable[LedgerEntry]) -> None:
    """Write the entries, whole or not at all; readable by the owner alone."""
    path = root.path / LEDGER_FILE
    write_atomically(path, "".join(json.dumps(asdict(entry)) + "\n" for entry in entries))
    path.chmod(0o600)


def after_run(entries: Sequence[LedgerEntry], rows: Iterable[RowAccount], run_id: str) -> tuple[LedgerEntry, ...]:
    """Return the ledger after a run; entries that are settled stay as they are, new ones come last.

    Args:
        entries: before it.
        rows: the run's account, in the order of its rows.
        run_id: its name.
    """
    noted = {entry.file for entry in entries}
    lost: dict[str, RowAccount] = {}
    taken: dict[str, RowAccount] = {}
    for account in rows:
        if account.status == QUARANTINED:
            lost.setdefault(account.file, account)  # of several rows the first stands
        elif account.file in noted and (account.status == EXAMPLE or account.reason == Reason.SENT_AGAIN):
            taken[account.file] = account
    ledger = {entry.file: _followed(entry, lost.get(entry.file), taken.get(entry.file), run_id) for entry in entries}
    for lost_row in sorted(lost.values(), key=lambda row: row.row):
        span, row = span_and_row(lost_row.row)
        new = LedgerEntry(row, lost_row.file, lost_row.reason or "", first_run=run_id, last_run=run_id, span=span)
        ledger.setdefault(lost_row.file, new)
    return tuple(ledger.values())


def _followed(entry: LedgerEntry, lost: RowAccount | None, taken: RowAccount | None, run_id: str) -> LedgerEntry:
    """Return what a run makes of one entry, whose file it set aside, took or, with neither, did not find in the manifest."""
    if lost is not None:
        return replace(entry, row=span_and_row(lost.row)[1], reason=lost.reason or "", last_run=run_id, state="open")
    if not entry.is_open:
        return entry
    if taken is not None:
        return replace(entry, row=span_and_row(taken.row)[1], last_run=run_id, state="readmitted")
    return replace(entry, last_run=run_id, state="withdrawn")


def after_retry(entries: Sequence[LedgerEntry], readable: Mapping[str, bool]) -> tuple[LedgerEntry, ...]:
    """Return the ledger after a retry; `readable` tells of each file that was tried whether it can be read now."""
    return tuple(_marked(entry, readable.get(entry.file)) for entry in entries)


def _marked(entry: LedgerEntry, readable: bool | None) -> LedgerEntry:
    if readable is None or not entry.is_open:
        return entry
    return replace(entry, state="readable" if readable else "open")
