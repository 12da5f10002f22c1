import json
import os
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_data_validation as tfdv
import tensorflow_transform as tft
from PIL import Image
from tfx.components import SchemaGen, StatisticsGen, Transform

from components import progress
from components.image_example_gen.account import read_account, read_rows
from components.image_example_gen.component import ImageExampleGen
from components.image_example_gen.exclusion import exclusion_digest, read_exclusions
from components.image_example_gen.executor import work_folder
from components.image_example_gen.manifest import digest
from components.image_example_gen.part import Part
from components.image_example_gen.pseudonym import Pseudonymizer
from models import features
from pipeline.beam_arguments import beam_arguments
from pipeline.config import MultiProcess
from pipeline.errors import ConfigError

ANALYSED = (features.IMAGE, features.LABEL, features.MEAN, features.STANDARD_DEVIATION)

# Ingests with the settings of argv, says how far it is, and stands still after the second shard until it is killed.
CHILD = """
import sys, time
from pathlib import Path
from components import progress
from components.image_example_gen.settings import IngestSettings
sys.path.insert(0, sys.argv[1])
from conftest import DataSet
def listener(done, total, unit):
    print(done, flush=True)
    if done >= 10:
        time.sleep(600)
progress.listen(listener)
data = DataSet(Path(sys.argv[2]), IngestSettings.from_json(sys.argv[3]))
data.ingest(Path(sys.argv[4]), Path(sys.argv[5]))
"""


def contents(*folders: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder.parent)): path.read_bytes() for folder in folders for path in files_below(folder)}


def files_below(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())


def examples_of(folder: Path, split: str) -> list[tf.train.Example]:
    files = [str(path) for path in files_below(folder / f"Split-{split}")]
    return [tf.train.Example.FromString(record.numpy()) for record in tf.data.TFRecordDataset(files)]


def rows_of(folder: Path, split: str) -> list[int]:
    return [example.features.feature[features.ROW].int64_list.value[0] for example in examples_of(folder, split)]


def test_every_row_becomes_one_example_in_its_split(make_data: Callable[..., Any], tmp_path: Path) -> None:
    examples, account = make_data().ingest(tmp_path / "out", tmp_path / "work")
    found = {split: sorted(rows_of(examples, split)) for split in features.SPLITS}
    assert sorted(row for rows in found.values() for row in rows) == list(range(1, 25))
    for row in read_rows(account):
        assert row.row in found[row.split or ""]
    assert {name: len(rows) for name, rows in found.items()} == {
        name: split["images"] for name, split in read_account(account)["splits"].items()
    }


def test_patient_is_never_in_two_splits(make_data: Callable[..., Any], tmp_path: Path) -> None:
    _, account = make_data().ingest(tmp_path / "out", tmp_path / "work")
    splits: dict[str | None, set[str | None]] = {}
    for row in read_rows(account):
        splits.setdefault(row.patient, set()).add(row.split)
    assert len(splits) == 12
    assert all(len(of_patient) == 1 for of_patient in splits.values())


def test_two_fresh_ingests_give_equal_bytes(make_data: Callable[..., Any], tmp_path: Path) -> None:
    data = make_data()
    runs = [contents(*data.ingest(tmp_path / name / "out", tmp_path / name / "work")) for name in ("one", "two")]
    assert runs[0] == runs[1]


def test_workers_in_processes_of_their_own_give_the_same_bytes(make_data: Callable[..., Any], tmp_path: Path) -> None:
    """What they get is pickled, what they need they import."""
    data = make_data().with_settings(shard_rows=4)
    here = data.ingest(tmp_path / "here" / "out", tmp_path / "here" / "work")
    arguments = beam_arguments(MultiProcess(runner="multi_process", workers=2))
    there = data.ingest(tmp_path / "there" / "out", tmp_path / "there" / "work", arguments)
    assert contents(*there) == contents(*here)


def test_another_key_changes_the_pseudonyms_alone(make_data: Callable[..., Any], tmp_path: Path) -> None:
    data = make_data()
    _, account = data.ingest(tmp_path / "one", tmp_path / "work")
    Path(data.settings.key_file).write_text("ab" * 32)
    other = data.with_settings(key_id=pseudonym_id("ab" * 32))
    _, changed = other.ingest(tmp_path / "two", tmp_path / "work")
    for before, after in zip(read_rows(account), read_rows(changed), strict=True):
        assert (before.file, before.patient) != (after.file, after.patient)
        assert replace(before, file=after.file, patient=after.patient) == after


def pseudonym_id(key: str) -> str:
    from components.image_example_gen.pseudonym import Pseudonymizer  # noqa: PLC0415

    return Pseudonymizer(bytes.fromhex(key)).key_id


def test_no_path_and_no_patient_id_is_written(make_data: Callable[..., Any], tmp_path: Path) -> None:
    outputs = make_data().ingest(tmp_path / "out", tmp_path / "work")
    for name, content in contents(*outputs).items():
        assert b"Doe" not in content, name
        assert b"MRN" not in content, name


def test_bad_files_are_quarantined_and_logged_by_row_and_key(
    make_data: Callable[..., Any], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    data = make_data()
    (data.folder / data.rows[3][0]).write_bytes(b"no image")
    (data.folder / data.rows[8][0]).unlink()
    data.rows[10] = (*data.rows[10][:1], "ill;well", *data.rows[10][2:])
    data.rows.append((data.rows[12][0], "ill", *data.rows[12][2:]))
    data.rows[12] = (data.rows[12][0], "well", *data.rows[12][2:])
    data.write_manifest()
    examples, account = data.ingest(tmp_path / "out", tmp_path / "work")
    reasons = {row.row: row.reason for row in read_rows(account) if row.reason}
    assert reasons == {
        4: "unsupported_format",
        9: "missing_file",
        11: "several_labels",
        13: "conflicting_labels",
        25: "conflicting_labels",
    }
    assert read_account(account)["quarantined"]["conflicting_labels"] == 2
    assert not set(reasons) & {row for split in features.SPLITS for row in rows_of(examples, split)}
    (line,) = [message for message in caplog.messages if message.startswith("row 4,")]
    assert line == f"row 4, file {read_rows(account)[3].file[:12]}...: unsupported_format"
    assert "Doe" not in caplog.text


def test_listener_hears_every_row(make_data: Callable[..., Any], tmp_path: Path) -> None:
    heard: list[tuple[int, int, str]] = []
    stop = progress.listen(lambda done, total, unit: heard.append((done, total, unit)))
    make_data().ingest(tmp_path / "out", tmp_path / "work")
    stop()
    assert heard[-1] == (24, 24, "images")
    assert [done for done, _, _ in heard] == sorted({done for done, _, _ in heard})


def test_finished_ingest_removes_its_shards_and_leaves_those_of_others(make_data: Callable[..., Any], tmp_path: Path) -> None:
    (tmp_path / "work/ingest-of-another-configuration").mkdir(parents=True)
    make_data().ingest(tmp_path / "out", tmp_path / "work")
    assert [folder.name for folder in (tmp_path / "work").iterdir()] == ["ingest-of-another-configuration"]


def test_killed_ingest_continues_and_gives_the_same_bytes(
    make_data: Callable[..., Any], start_program: Callable[..., Any], tmp_path: Path
) -> None:
    data = make_data(40)
    work = tmp_path / "work"
    arguments = [Path(__file__).parent, data.folder, data.settings.to_json(), tmp_path / "killed", work]
    child = start_program(CHILD, *arguments)
    child.wait_for("10\n", "stdout")
    assert child.end(signal.SIGKILL).code == -signal.SIGKILL
    (left,) = work.iterdir()
    done = list(left.glob("shard-*"))
    assert len(done) == 2
    kept = {
        path.name: path.stat().st_ino for path in left.glob("Split-train/*") if path.name[-14:] in {d.stem[-14:] for d in done}
    }
    examples, account = data.ingest(tmp_path / "continued", work)
    fresh = data.ingest(tmp_path / "fresh", tmp_path / "other")
    assert contents(examples, account) == contents(*fresh)
    # The files written before the kill were taken over, not written again.
    assert {name: (examples / "Split-train" / name).stat().st_ino for name in kept} == kept
    assert len(kept) == 2


def test_full_disk_ends_the_ingest_and_the_next_one_continues(
    make_data: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = make_data()
    calls: list[Path] = []
    original = Path.rename

    def fail_late(self: Path, target: Path) -> Path:
        calls.append(target)
        if len(calls) > 8:
            raise OSError(28, "No space left on device")
        return original(self, target)

    monkeypatch.setattr(Path, "rename", fail_late)
    with pytest.raises(Exception, match="No space left on device"):
        data.ingest(tmp_path / "full", tmp_path / "work")
    monkeypatch.undo()
    outputs = data.ingest(tmp_path / "again", tmp_path / "work")
    assert contents(*outputs) == contents(*data.ingest(tmp_path / "fresh", tmp_path / "other"))


def test_excluded_patients_give_no_example_and_stand_in_the_account(make_data: Callable[..., Any], tmp_path: Path) -> None:
    data = make_data(8)
    (data.folder / "exclude.txt").write_text("MRN001\nMRN999\n")
    told = excluding(data, data.folder / "exclude.txt")
    examples, account = told.ingest(tmp_path / "run", tmp_path / "work")
    rows = read_rows(account)
    assert [row.row for row in rows if row.status == "skipped"] == [3, 4]
    assert read_account(account)["skipped"] == {"excluded_patient": 2}
    assert read_account(account)["quarantined"] == {}
    assert sum(len(examples_of(examples, split)) for split in features.SPLITS) == 6
    written = b"".join(contents(examples, account).values())
    assert b"MRN" not in written


def test_list_that_changed_after_the_run_began_is_told(make_data: Callable[..., Any], tmp_path: Path) -> None:
    data = make_data(2)
    (data.folder / "exclude.txt").write_text("MRN000\n")
    told = excluding(data, data.folder / "exclude.txt")
    (data.folder / "exclude.txt").write_text("MRN001\n")
    with pytest.raises(ConfigError, match=r"data\.exclude: .*changed after the run began"):
        told.ingest(tmp_path / "run", tmp_path / "work")


def excluding(data: Any, path: Path) -> Any:
    """Return the data set with the settings of a run that was planned with this list."""
    pseudonymizer = Pseudonymizer(bytes.fromhex((data.folder / "pseudonym.key").read_text()))
    digest = exclusion_digest(read_exclusions(path), pseudonymizer)
    return data.with_settings(exclude_file=str(path), exclude_digest=digest)


def node_of(data: Any, work: Path) -> ImageExampleGen:
    return ImageExampleGen(data.manifest, digest(data.manifest), settings=data.settings, work_dir=work)


@pytest.mark.parametrize("library", ["tensorflow", "deflate"])
def test_shards_whose_bytes_another_version_wrote_are_not_gone_on_with(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    properties, part = {"work_dir": "/work", "settings": "{}"}, Part(Path("m.csv"), sha256="a1")
    before = work_folder(properties, part)
    assert work_folder(properties, part) == before
    monkeypatch.setattr(f"{library}.__version__", "0.0")
    assert work_folder(properties, part) != before


def test_tfx_runs_caches_and_reads_it(make_data: Callable[..., Any], root: Any) -> None:
    data = make_data()
    work = root.folder / "work"

    def run(run_id: str) -> Any:
        node = node_of(data, work)
        return root.run(run_id, [node, StatisticsGen(examples=node.outputs["examples"])])

    first = run("one")
    (examples,) = first["ImageExampleGen"].outputs["examples"]
    assert json.loads(examples.split_names) == list(features.SPLITS)
    assert examples.get_string_custom_property("payload_format") == "FORMAT_TF_EXAMPLE"
    assert len(examples.get_string_custom_property("content_sha256")) == 64
    (statistics,) = first["StatisticsGen"].outputs["statistics"]
    counts = {
        split: tfdv.load_stats_binary(f"{statistics.uri}/Split-{split}/FeatureStats.pb").datasets[0].num_examples
        for split in features.SPLITS
    }
    assert counts == {split: len(rows_of(Path(examples.uri), split)) for split in features.SPLITS}
    os.utime(data.manifest, (0, 0))  # a touched manifest is the same manifest
    second = run("two")
    assert second["ImageExampleGen"].cached
    assert second["StatisticsGen"].cached


def test_neither_key_nor_patient_reaches_ml_metadata(make_data: Callable[..., Any], root: Any) -> None:
    data = make_data(4)
    root.run("one", [node_of(data, root.folder / "work")])
    stored = (root.folder / "metadata.sqlite").read_bytes()
    assert data.settings.key_id.encode() in stored
    for secret in (Path(data.settings.key_file).read_bytes(), b"Doe_Jane", b"MRN0"):
        assert secret not in stored


def test_statistics_survive_an_empty_split(make_data: Callable[..., Any], root: Any) -> None:
    data = make_data(8).with_settings(fractions=(1.0, 0.0, 0.0))
    node = node_of(data, root.folder / "work")
    launched = root.run("one", [node, StatisticsGen(examples=node.outputs["examples"])])
    (statistics,) = launched["StatisticsGen"].outputs["statistics"]
    loaded = tfdv.load_stats_binary(f"{statistics.uri}/Split-test/FeatureStats.pb")
    assert [dataset.num_examples for dataset in loaded.datasets] == [0]


def test_transform_reads_the_train_split_without_decoding(make_data: Callable[..., Any], root: Any) -> None:
    node = node_of(make_data(), root.folder / "work")
    statistics = StatisticsGen(examples=node.outputs["examples"])
    schema = SchemaGen(statistics=statistics.outputs["statistics"])
    transform = Transform(
        examples=node.outputs["examples"],
        schema=schema.outputs["schema"],
        preprocessing_fn="models.preprocessing.preprocessing_fn",
        custom_config={"classes": ["ill", "well"]},
        materialize=False,
        disable_statistics=True,
    )
    launched = root.run("one", [node, statistics, schema, transform])
    (graph,) = launched["Transform"].outputs["transform_graph"]
    (examples,) = launched["ImageExampleGen"].outputs["examples"]
    train = examples_of(Path(examples.uri), "train")
    layer = tft.TFTransformOutput(graph.uri).transform_features_layer()
    raw = tf.io.parse_example([train[0].SerializeToString()], tft.TFTransformOutput(graph.uri).raw_feature_spec())
    result = layer({name: raw[name] for name in ANALYSED})
    pixels = [tf.io.decode_png(example.features.feature[features.IMAGE].bytes_list.value[0]) / 255 for example in train]
    assert result[features.PIXEL_MEAN].numpy().item() == pytest.approx(np.mean(pixels), rel=1e-5)
    assert result[features.PIXEL_VARIANCE].numpy().item() == pytest.approx(np.var(pixels), rel=1e-4)
    operations = {node.op for node in tf.saved_model.load(f"{graph.uri}/transform_fn").transform_fn.graph.as_graph_def().node}
    assert not {name for name in operations if name.startswith("Decode")}


def test_stored_image_is_canonical(make_data: Callable[..., Any], tmp_path: Path) -> None:
    from io import BytesIO  # noqa: PLC0415

    folder, _ = make_data(4).ingest(tmp_path / "out", tmp_path / "work")
    for split in features.SPLITS:
        for example in examples_of(folder, split):
            with Image.open(BytesIO(example.features.feature[features.IMAGE].bytes_list.value[0])) as image:
                assert (image.size, image.mode) == ((16, 16), "L")
