"""A list of patients who are left out: account, cache, and that no id reaches the root."""

import csv
import json
from pathlib import Path

import pytest

pytestmark = pytest.mark.e2e


def leak_a_patient(rows: list[dict[str, str]]) -> None:
    """Let the data gate stop the run, which makes it short."""
    for number, row in enumerate(rows):
        row["split"] = ("train", "train", "train", "val", "test")[number % 5]


def skipped(root: Path) -> int:
    """Return how many rows the newest account tells to be skipped."""
    newest = max((root / "artifacts" / "ImageExampleGen" / "account").iterdir(), key=lambda folder: int(folder.name))
    return int(json.loads((newest / "account.json").read_text())["skipped"].get("excluded_patient", 0))


def test_rows_of_listed_patients_are_skipped_and_the_cache_follows_the_list(own_data, quickly, tmp_path: Path) -> None:
    config, root, listed = own_data(leak_a_patient), tmp_path / "root", tmp_path / "data" / "exclude.txt"
    with (tmp_path / "data" / "manifest.csv").open(newline="") as stream:
        patients = [row["patient_id"] for row in csv.DictReader(stream)]
    first, second = sorted(set(patients))[:2]
    runs = []
    for ids in ([first], [first], [first, second]):
        listed.write_text("\n".join(ids))
        runs.append(quickly("run", config, "--root", root, "--json", "--set", f"data.exclude={listed}"))
    assert [done.code for done in runs] == [3, 3, 3]
    assert ["ImageExampleGen" in done.result["cached"] for done in runs] == [False, True, False]
    assert skipped(root) == patients.count(first) + patients.count(second)
    assert "1 of 1 listed patients have rows in the manifest" in runs[0].stderr
    assert "left out unread" in Path(runs[0].result["report"]).read_text()
    holding = [path for path in root.rglob("*") if path.is_file() and first.encode() in path.read_bytes()]
    assert holding == []
