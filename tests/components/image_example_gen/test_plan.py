import csv
import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.image_example_gen.account import RowAccount
from components.image_example_gen.manifest import ManifestRow
from components.image_example_gen.part import Part, iterate_part, planned
from components.image_example_gen.plan import PLAN_FILE, Plan, Task, missing, write_plan
from components.image_example_gen.pseudonym import Pseudonymizer
from components.image_example_gen.settings import IngestSettings
from components.image_example_gen.shard import write_shard
from components.image_example_gen.split import stable_fraction
from pipeline.errors import ConfigError
from pipeline.reasons import Reason

SETTINGS = IngestSettings(classes=("ill", "well"), key_id="00aa11bb", shard_rows=2, split_seed="seed")
KEY = Pseudonymizer(bytes(32))
IN_MEMORY = "components.image_example_gen.sorted_lines.SortedLines.__init__.__defaults__"  # how many lines
CELLS = st.tuples(st.sampled_from("abcdefgh"), st.sampled_from(["ill", "well"]), st.sampled_from("12"))


def plan_of(folder: Path, table: list[tuple[str, str, str]], *, span: int | None = None, shard_rows: int = 2) -> Plan:
    """Plan the shards of a manifest with these rows of file, label and patient."""
    folder.mkdir(exist_ok=True)
    cells = [(f"Doe_{path}.png", label, f"MRN{patient}") for path, label, patient in table]
    with (folder / "m.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("path", "label", "patient_id"), *cells])
    part = planned(folder / "m.csv", span, patient="column", slices=())
    settings = replace(SETTINGS, shard_rows=shard_rows)
    return write_plan(part, iterate_part(part), folder / "work", settings=settings, pseudonymizer=KEY)


def rows_of(plan: Plan) -> list[list[tuple[ManifestRow, Reason | None]]]:
    return [plan.manifest_rows(shard.index, SETTINGS, KEY) for shard in plan.shards()]


def numbered(count: int) -> list[tuple[str, str, str]]:
    return [(str(number), "ill", str(number)) for number in range(count)]


def refusals(rows: list[ManifestRow]) -> dict[int, Reason]:
    """Judge repeats by comparing every row with all others."""
    found = {}
    for row in rows:
        same = [other for other in rows if other.path == row.path]
        if len({other.label for other in same}) > 1:
            found[row.row] = Reason.CONFLICTING_LABELS
        elif len({other.patient_id for other in same}) > 1:
            found[row.row] = Reason.CONFLICTING_PATIENTS
        elif row is not same[0]:
            found[row.row] = Reason.REPEATED_PATH
    return found


@given(table=st.lists(CELLS, min_size=1, max_size=30), span=st.sampled_from([None, 0, 7]), shard_rows=st.integers(1, 40))
def test_plan_is_all_rows_sorted_by_hash_and_number(
    tmp_path_factory: pytest.TempPathFactory, table: list[tuple[str, str, str]], span: int | None, shard_rows: int
) -> None:
    plan = plan_of(tmp_path_factory.mktemp("plan"), table, span=span, shard_rows=shard_rows)
    rows = list(iterate_part(plan.part))
    refused = refusals(rows)
    expected = sorted(rows, key=lambda row: (stable_fraction("seed", row.image_name), row.row))
    shards = rows_of(plan)
    assert [row for shard in shards for row in shard] == [(row, refused.get(row.row)) for row in expected]
    assert plan.rows == len(rows)
    assert [len(shard) for shard in shards] == [plan.size(index) for index in range(plan.count)]
    assert all(len(shard) == shard_rows for shard in shards[:-1])


def test_plan_does_not_follow_what_fits_into_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    at_once = plan_of(tmp_path / "one", numbered(40))
    monkeypatch.setattr(IN_MEMORY, (3,))
    in_runs = plan_of(tmp_path / "two", numbered(40))
    assert (at_once.work / PLAN_FILE).read_bytes() == (in_runs.work / PLAN_FILE).read_bytes()


def test_memory_of_planning_does_not_grow_with_the_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(IN_MEMORY, (300,))
    rows = (ManifestRow(row, f"{row}.png", "ill", f"P{row}", columns={"site": "n"}) for row in range(1, 6_001))
    tracemalloc.start()
    try:
        write_plan(Part(tmp_path / "m.csv"), rows, tmp_path, settings=SETTINGS, pseudonymizer=KEY)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 1_500_000  # the rows alone would be 6 MB


def test_shards_are_mixed_by_seed(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, numbered(100), shard_rows=100)
    rows = plan.planned(0)["row"].tolist()
    assert rows != sorted(rows)
    other = replace(SETTINGS, shard_rows=100, split_seed="other")
    write_plan(plan.part, iterate_part(plan.part), plan.work, settings=other, pseudonymizer=KEY)
    assert plan.planned(0)["row"].tolist() != rows


def test_finished_shards_are_not_missing(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, numbered(5))
    rows = plan.planned(0)["row"].tolist()
    write_shard(plan.work, plan.shard(0), [(RowAccount(row, "f", "p", "train", "ill", "d"), b"example") for row in rows])
    assert missing([plan]) == [Task(0, 1), Task(0, 2)]
    assert missing([plan, plan_of(tmp_path / "other", numbered(1))])[-1] == Task(1, 0)


def test_nothing_that_is_written_or_sent_to_workers_names_a_file_or_patient(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, [*numbered(5), ("1", "well", "1")])
    (file,) = plan.work.iterdir()
    for name in (b"Doe", b"MRN"):
        assert name not in file.read_bytes()
    assert "Doe" not in repr(plan)


@pytest.mark.parametrize("change", ["MRN9", "MRN12", "M"])
def test_manifest_that_changed_since_is_told_before_its_rows_are_used(tmp_path: Path, change: str) -> None:
    plan = plan_of(tmp_path, [("a", "ill", "3"), ("b", "ill", "4"), ("c", "ill", "5")])
    text = plan.part.manifest.read_text()
    plan.part.manifest.write_text(text.replace("MRN3", change))
    with pytest.raises(ConfigError, match="changed after the run began"):
        rows_of(plan)


def test_touched_manifest_is_the_same(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, numbered(3))
    plan.part.manifest.touch()
    assert sum(len(shard) for shard in rows_of(plan)) == 3


def test_record_of_a_row_is_small(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, numbered(3))
    assert (plan.work / PLAN_FILE).stat().st_size == 3 * plan.planned(0).itemsize <= 3 * 56
    assert plan.planned(1).dtype["row"] == np.int64


def test_part_is_named_by_its_span(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, numbered(3), span=12)
    assert [shard.suffix for shard in plan.shards()] == [f"span-00000012-0000{index}-of-00002" for index in range(2)]
    assert isinstance(plan.part, Part)
