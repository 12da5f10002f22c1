"""Ingests of a window that goes on, by the real executor: what is decoded, what is linked, what is left out."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image
from tfx.types import standard_artifacts

from components.artifacts import IngestAccount
from components.image_example_gen.account import read_account, read_rows
from components.image_example_gen.earlier_shards import SHARDS_FILE
from components.image_example_gen.executor import Executor
from components.image_example_gen.part import Part, identity, planned, to_json
from components.image_example_gen.row_number import row_name, span_and_row
from models.features import ROW, SPLITS


@dataclass(frozen=True)
class Arrivals:
    """Spans 1, 2 and 3 of four images each, of the same two patients."""

    base: Path
    parts: dict[int, Part]
    settings: Any
    executor: Executor

    def ingest(self, run: int, *spans: int) -> tuple[Path, Path]:
        """Run the executor on a window; return the folders of examples and account."""
        examples, account = standard_artifacts.Examples(), IngestAccount()
        for name, artifact in (("examples", examples), ("account", account)):
            artifact.uri = str(self.base / "artifacts" / name / str(run))
            Path(artifact.uri).mkdir(parents=True)
        parts = [self.parts[span] for span in spans]
        properties = {
            "manifest": str(self.base / "{SPAN}/manifest.csv"),
            "manifest_sha256": identity(parts),
            "spans": to_json(parts),
            "settings": self.settings.to_json(),
            "work_dir": str(self.base / "work"),
        }
        self.executor.Do({}, {"examples": [examples], "account": [account]}, properties)
        assert examples.span == spans[-1]
        return Path(examples.uri), Path(account.uri)

    def lose_images(self, span: int) -> None:
        """Remove the images of a span: who decodes it again has nothing to read."""
        shutil.rmtree(self.parts[span].manifest.parent / "images")


@pytest.fixture
def arrivals(make_data: Callable[..., Any], executor: Executor, tmp_path: Path) -> Arrivals:
    parts, settings = {}, None
    for span in (1, 2, 3):
        data = make_data(4, f"incoming/{span}")
        random = np.random.default_rng(span)
        for path, *_ in data.rows[1:]:  # the first image of each span is the same, sent again
            Image.fromarray(random.integers(0, 256, (24, 20), dtype=np.uint8)).save(data.folder / path)
        settings = settings or data.with_settings(shard_rows=2).settings
        parts[span] = planned(data.manifest, span, patient="column", slices=("site",))
    return Arrivals(tmp_path / "incoming", parts, settings, executor)


def names(examples: Path) -> list[str]:
    """Return the names of the rows that have an example, sorted."""
    files = [str(file) for split in SPLITS for file in sorted((examples / f"Split-{split}").iterdir())]
    records = [tf.train.Example.FromString(record.numpy()) for record in tf.data.TFRecordDataset(files)]
    return [row_name(row) for row in sorted(its.features.feature[ROW].int64_list.value[0] for its in records)]


def expected(*spans: int) -> list[str]:
    """Return the names of all rows of a window but those whose image came before."""
    return [f"span {span}, row {row}" for span in spans for row in range(1, 5) if row > 1 or span == spans[0]]


def test_finished_shards_of_an_old_span_are_linked_and_not_decoded(arrivals: Arrivals) -> None:
    first, _ = arrivals.ingest(1, 1, 2)
    assert names(first) == expected(1, 2)
    arrivals.lose_images(1)
    second, account = arrivals.ingest(2, 1, 2, 3)
    assert names(second) == expected(1, 2, 3)
    for split in SPLITS:
        old = sorted((first / f"Split-{split}").glob("*span-00000001*"))
        assert len(old) == 2
        assert all(file.samefile(second / f"Split-{split}" / file.name) for file in old)
    assert not any((arrivals.base / "work").iterdir())
    assert read_account(account)["spans"] == [
        {"span": 1, "rows": 4, "example": 4, "quarantined": 0, "skipped": 0},
        {"span": 2, "rows": 4, "example": 3, "quarantined": 0, "skipped": 1},
        {"span": 3, "rows": 4, "example": 3, "quarantined": 0, "skipped": 1},
    ]


def test_image_that_is_sent_again_counts_once_in_every_window(arrivals: Arrivals) -> None:
    _, both = arrivals.ingest(1, 1, 2)
    assert read_account(both)["skipped"] == {"sent_again": 1}
    later, account = arrivals.ingest(2, 2, 3)  # the first copy has left the window: the next one stands
    assert names(later) == expected(2, 3)
    assert [row_name(row.row) for row in read_rows(account) if row.reason] == ["span 3, row 1"]


def test_patient_of_an_early_span_keeps_its_split_and_its_key(arrivals: Arrivals) -> None:
    _, early = arrivals.ingest(1, 1)
    _, late = arrivals.ingest(2, 2, 3)
    of_patient = {row.patient: row.split for row in read_rows(early)}
    assert {row.patient: row.split for row in read_rows(late)} == of_patient
    assert len({row.file for row in (*read_rows(early), *read_rows(late))}) == 12  # equal paths, three spans


@pytest.mark.parametrize("damage", ["examples", "records", "rows", "all rows", "the note"])
def test_what_was_deleted_or_rewritten_since_is_decoded_again(arrivals: Arrivals, damage: str) -> None:
    examples, account = arrivals.ingest(1, 1)
    rows = account / "rows.jsonl"
    if damage == "examples":
        shutil.rmtree(examples)
    elif damage == "records":
        for file in examples.glob("*/*"):
            file.write_bytes(b"")
    elif damage == "rows":
        rows.write_text(rows.read_text().splitlines()[0] + "\n")
    elif damage == "all rows":
        rows.unlink()
    else:
        (account / SHARDS_FILE).write_text("cut sho")
    later, _ = arrivals.ingest(2, 1, 2)
    assert names(later) == expected(1, 2)
    assert all(file.stat().st_nlink == 1 for file in later.glob("*/*"))


def test_other_settings_decode_again(arrivals: Arrivals) -> None:
    first, account = arrivals.ingest(1, 1)
    assert {span_and_row(row.row)[0] for row in read_rows(account)} == {1}
    changed = replace(arrivals, settings=replace(arrivals.settings, size=8))
    second, _ = changed.ingest(2, 1)
    assert names(second) == names(first)
    assert all(file.stat().st_nlink == 1 for file in second.glob("*/*"))
