from dataclasses import replace
from pathlib import Path

from components.image_example_gen.account import RowAccount
from components.image_example_gen.row_number import row_number
from pipeline import root
from pipeline.quarantine_ledger import LedgerEntry, after_retry, after_run, read_ledger, write_ledger


def lost(row: int, file: str, reason: str = "truncated") -> RowAccount:
    return RowAccount(row, file, "p", "train", "ill", status="quarantined", reason=reason)


def taken(row: int, file: str) -> RowAccount:
    return RowAccount(row, file, "p", "train", "ill", "d")


FIRST = after_run((), [lost(1, "a"), lost(2, "b"), taken(3, "c")], "run-1")


def test_what_a_run_sets_aside_is_open() -> None:
    assert (LedgerEntry(1, "a", "truncated", "run-1", "run-1"), LedgerEntry(2, "b", "truncated", "run-1", "run-1")) == FIRST


def test_a_later_run_keeps_readmits_or_withdraws() -> None:
    ledger = after_run(FIRST, [lost(5, "a", "undecodable"), taken(6, "c")], "run-2")
    assert ledger == (
        LedgerEntry(5, "a", "undecodable", "run-1", "run-2", "open"),
        LedgerEntry(2, "b", "truncated", "run-1", "run-2", "withdrawn"),
    )
    assert after_run(FIRST, [taken(1, "a"), lost(2, "b")], "run-2")[0].state == "readmitted"


def test_settled_entry_stays_until_the_file_is_set_aside_again() -> None:
    settled = after_run(FIRST, [taken(1, "a"), taken(2, "b")], "run-2")
    assert after_run(settled, [taken(1, "a"), taken(2, "b")], "run-3") == settled
    again = after_run(settled, [lost(1, "a"), taken(2, "b")], "run-3")
    assert (again[0].state, again[0].first_run, again[0].last_run) == ("open", "run-1", "run-3")


def test_the_same_run_twice_changes_nothing() -> None:
    assert after_run(FIRST, [lost(1, "a"), lost(2, "b"), taken(3, "c")], "run-1") == FIRST


def test_retry_marks_open_entries_alone() -> None:
    settled = after_run(FIRST, [taken(1, "a"), lost(2, "b")], "run-2")
    marked = after_retry(settled, {"a": True, "b": True})
    assert [entry.state for entry in marked] == ["readmitted", "readable"]
    assert [entry.state for entry in after_retry(marked, {"b": False})] == ["readmitted", "open"]
    assert after_retry(marked, {}) == marked


def test_ledger_is_kept_below_the_root_for_its_owner(tmp_path: Path) -> None:
    state = root.prepare(tmp_path / "root")
    assert read_ledger(state) == ()
    write_ledger(state, FIRST)
    assert read_ledger(state) == FIRST
    assert (state.path / "quarantine.jsonl").stat().st_mode & 0o077 == 0


def test_row_of_a_span_stands_with_its_span_and_a_repeat_is_no_loss() -> None:
    ledger = after_run((), [lost(row_number(12, 17), "a"), lost(row_number(13, 1), "b")], "run-1")
    assert [(entry.span, entry.row) for entry in ledger] == [(12, 17), (13, 1)]
    again = replace(taken(row_number(13, 1), "b"), status="skipped", reason="sent_again")
    later = after_run(ledger, [lost(row_number(12, 18), "a"), again], "run-2")
    assert [(entry.span, entry.row, entry.state) for entry in later] == [(12, 18, "open"), (13, 1, "readmitted")]
