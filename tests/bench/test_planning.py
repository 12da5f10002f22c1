"""The manifest of the bench, its arithmetic, and its ingest on a few rows."""

from pathlib import Path

import pytest

from bench import planning, planning_alone
from components.image_example_gen.account import read_rows
from components.image_example_gen.manifest import read_manifest

MIB = 2**20


def test_manifest_has_so_many_rows_and_patients_and_some_repeats(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "REPEATED_EVERY", 10)
    planning.write_manifest(tmp_path / "manifest.csv", 40)
    rows = read_manifest(tmp_path / "manifest.csv", slices=("site",))
    assert len(rows) == 40
    assert len({row.patient_id for row in rows}) == 8
    assert len({row.path for row in rows}) == 36


def test_growth_is_of_the_peak_by_further_row() -> None:
    trials = [{"rows": rows, "peak_memory": {"plan": 100 * MIB + 8 * rows, "gather": MIB}} for rows in (3000, 1000)]
    assert planning.bytes_a_row(trials) == {"plan": 8, "gather": 0}


def test_ingest_without_pixels_accounts_for_every_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "REPEATED_EVERY", 10)
    monkeypatch.setattr(planning_alone, "READ", 20)  # and 20 that are made up
    planning.write_manifest(tmp_path / "manifest.csv", 40)
    found = planning_alone.ingest(tmp_path / "manifest.csv", tmp_path, 8)
    assert found["rows"] == 40
    assert 36 <= found["examples"] < 40
    assert list(found["seconds"]) == list(found["peak_memory"]) == ["look at files", "plan", "write", "gather"]
    assert all(peak >= found["at_start"] // 2 for peak in found["peak_memory"].values())
    assert [row.row for row in read_rows(tmp_path / "account")] == list(range(1, 41))
