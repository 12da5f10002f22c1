from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.forgetting.lineage import MARKED, Lineage
from pipeline.forgetting.search import holds, search
from pipeline.forgetting.traces import Traces

TRACES = Traces(frozenset({"a" * 32}), frozenset({"b" * 32}))


@pytest.mark.parametrize(
    ("name", "content", "found"),
    [
        ("run.log", b"file " + b"b" * 12, True),
        ("page.html", b"<code>" + b"c" * 12 + b"</code>", False),
        ("data_tfrecord-00000-of-00001", b"\x00" + b"a" * 32 + b"\x01", True),
        ("data_tfrecord-00000-of-00001", b"\x00" + b"d" * 32 + b"\x01", False),
        ("weights.bin", b"\xff" + b"a" * 32, True),
        ("empty", b"", False),
    ],
)
def test_file_holds_what_it_names(tmp_path: Path, name: str, content: bytes, found: bool) -> None:
    (tmp_path / name).write_bytes(content)
    assert holds(tmp_path / name, TRACES) is found


@pytest.mark.parametrize(
    ("column", "value", "found"), [("patient_key", "a", True), ("patient_key", "b", False), ("p_0", "a", False)]
)
def test_table_holds_the_patients_of_its_lines(tmp_path: Path, column: str, value: str, found: bool) -> None:
    pq.write_table(pa.table({column: [value * 32] * 500}), tmp_path / "predictions.parquet")
    assert holds(tmp_path / "predictions.parquet", TRACES) is found


def test_table_that_can_not_be_read_is_taken_to_hold_everyone(tmp_path: Path) -> None:
    (tmp_path / "predictions.parquet").write_bytes(b"PAR1 cut short")
    assert holds(tmp_path / "predictions.parquet", TRACES)


def test_unknown_kind_goes_with_its_artifact_and_a_stray_file_alone(made) -> None:
    inside = made.root.artifacts / "Trainer" / "model" / "4" / "notes.bin"
    inside.parent.mkdir(parents=True)
    inside.write_bytes(b"a" * 32)
    stray = made.root.path / ".quarantine.jsonl.17.tmp"  # of a run that was killed while it wrote
    stray.write_bytes(b"b" * 32)
    found = search(made.root, Lineage(made.root).artifacts(), TRACES)
    assert found.deleted_places(made.root) == ("artifacts/Trainer/model/4", ".quarantine.jsonl.17.tmp")
    assert found.rewritten_places(made.root) == ()


def test_what_a_killed_act_has_marked_is_found_again(made) -> None:
    lineage = Lineage(made.root)
    lineage.mark(next(artifact for artifact in lineage.artifacts() if artifact.place == "ImageExampleGen/examples/1"), MARKED)
    found = search(made.root, lineage.artifacts(), TRACES)
    assert found.deleted_places(made.root) == ("artifacts/ImageExampleGen/examples/1",)
    assert found


def test_nothing_is_found_where_nothing_is(made) -> None:
    assert not search(made.root, Lineage(made.root).artifacts(), TRACES)
