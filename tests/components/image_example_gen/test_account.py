import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from components.image_example_gen.account import RowAccount, Summary, iterate_rows, read_account, read_rows, write_account
from components.image_example_gen.settings import IngestSettings

SETTINGS = IngestSettings(classes=("ill", "well"), key_id="00aa11bb")
ROWS = (
    RowAccount(1, "f1", "p1", "train", "ill", "d1"),
    RowAccount(2, "f2", "p1", "train", "well", "d2"),
    RowAccount(3, "f3", "p2", "test", "ill", "d3"),
    RowAccount(4, "f4", "p2", "test", None, None, "quarantined", "unknown_label"),
    RowAccount(5, "f5", None, None, "ill", None, "quarantined", "no_patient"),
    RowAccount(6, "f6", "p3", "test", "ill", None, "skipped", "excluded_patient"),
)


def summary(folder: Path) -> dict[str, Any]:
    sums = Summary(folder)
    for row in ROWS:
        sums.add(row)
    return sums.content(SETTINGS, "abc")


def test_sums_are_those_of_the_rows(tmp_path: Path) -> None:
    sums = summary(tmp_path)
    assert (sums["rows"], sums["examples"], sums["patients"]) == (6, 3, 2)
    assert sums["splits"]["train"] == {"images": 2, "patients": 1, "classes": {"ill": 1, "well": 1}}
    assert sums["splits"]["val"] == {"images": 0, "patients": 0, "classes": {"ill": 0, "well": 0}}
    assert sums["quarantined"] == {"no_patient": 1, "unknown_label": 1}
    assert sums["skipped"] == {"excluded_patient": 1}
    assert sums["unknown_labels"] == {"rows": 1}
    assert (sums["manifest_sha256"], sums["key_id"]) == ("abc", "00aa11bb")
    assert sums["image"] == SETTINGS.image_form
    assert sums["fractions"] == {"train": 0.7, "val": 0.15, "test": 0.15}


def test_what_the_index_counted_is_kept(tmp_path: Path) -> None:
    indexed = {"files": 9, "used": 5, "rows": 5, "skipped": {"hidden": 4}}
    write_account(tmp_path, ROWS, settings=SETTINGS, manifest_sha256="abc", indexed=indexed)
    assert read_account(tmp_path)["indexed"] == indexed


def test_written_account_reads_back_in_the_order_of_rows(tmp_path: Path) -> None:
    write_account(tmp_path, ROWS[::-1], settings=SETTINGS, manifest_sha256="abc")
    assert read_rows(tmp_path) == ROWS
    assert read_account(tmp_path) == summary(tmp_path)
    assert [row.row for row in iterate_rows(tmp_path, holding="p2")] == [3, 4]


def test_memory_of_writing_does_not_grow_with_the_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("components.image_example_gen.sorted_lines.SortedLines.__init__.__defaults__", (300,))
    rows = (RowAccount(row, f"{row:032x}", f"{row:032x}", "train", "ill", f"{row:064x}") for row in range(6_000, 0, -1))
    tracemalloc.start()
    try:
        write_account(tmp_path, rows, settings=SETTINGS, manifest_sha256="abc")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1_500_000  # the rows alone would be 5 MB
    assert [row.row for row in iterate_rows(tmp_path)] == list(range(1, 6_001))
    assert read_account(tmp_path)["patients"] == 6_000
