from pathlib import Path

import pytest

from components.image_example_gen.account import RowAccount
from components.image_example_gen.manifest import ManifestRow
from components.image_example_gen.part import Part
from components.image_example_gen.plan import Plan, missing
from components.image_example_gen.shard import cut_shards, write_shard


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    rows = [ManifestRow(number, f"Doe_{number}.png", "ill", f"MRN{number}") for number in range(1, 6)]
    return Plan(Part(tmp_path / "Doe" / "m.csv"), tuple(cut_shards(rows, "seed", 2)), tmp_path / "work")


def test_finished_shards_are_not_missing(plan: Plan) -> None:
    first = plan.shards[0]
    write_shard(plan.work, first, [(RowAccount(row.row, "f", "p", "train", "ill", "d"), b"example") for row in first.rows])
    assert [task.shard for task in missing([plan])] == list(plan.shards[1:])
    assert plan.rows == 5


def test_task_knows_where_its_images_lie_and_tells_nobody(plan: Plan) -> None:
    task = missing([plan])[0]
    assert task.images == plan.part.manifest.parent
    assert "Doe" not in repr(task)
    assert "MRN" not in repr(task)
