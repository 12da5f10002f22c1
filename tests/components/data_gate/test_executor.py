import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf
import tensorflow_data_validation as tfdv
from google.protobuf import text_format
from tensorflow_data_validation.statistics.stats_impl import generate_statistics_in_memory
from tensorflow_metadata.proto.v0 import schema_pb2
from tfx.components.example_validator.component import ExampleValidator
from tfx.components.schema_gen.import_schema_gen.component import ImportSchemaGen
from tfx.components.statistics_gen.component import StatisticsGen
from tfx.dsl.components.common.importer import Importer
from tfx.types import artifact_utils, standard_artifacts
from tfx_bsl.coders.example_coder import ExamplesToRecordBatchDecoder

from components import blessing
from components.artifacts import IngestAccount
from components.blessing import Finding
from components.data_gate import proof
from components.data_gate.component import DataGate
from components.data_gate.leakage import finding_of
from components.data_gate.settings import DataGateSettings
from components.data_gate.shortcut import SUBJECT, read_shortcut
from components.image_example_gen.account import RowAccount, write_account
from components.image_example_gen.settings import IngestSettings
from models.features import IMAGE, SPLITS
from pipeline.config import ShortcutBounds
from pipeline.curated_schema import schema_for

Judge = Callable[..., tuple[str, tuple[Finding, ...]]]


def records_of(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield (split, record) of an example folder."""
    for file in sorted(folder.glob("Split-*/*")):
        for record in tf.data.TFRecordDataset(str(file)).as_numpy_iterator():
            yield file.parent.name.removeprefix("Split-"), record


def row_of(split: str, record: bytes) -> RowAccount:
    feature = tf.train.Example.FromString(record).features.feature
    text = {name: feature[name].bytes_list.value[0].decode() for name in ("image_key", "patient_key", "label")}
    return RowAccount(
        row=feature["row"].int64_list.value[0],
        file=text["image_key"],
        patient=text["patient_key"],
        split=split,
        label=text["label"],
        pixels_sha256=text["image_key"],
    )


def write_statistics(examples: Path, schema: schema_pb2.Schema, folder: Path) -> None:
    """Write what StatisticsGen would, without its Beam pipeline: the same measures of TFDV on the same columns, in memory."""
    read = schema_pb2.Schema(feature=[each for each in schema.feature if each.name != IMAGE])
    decoder = ExamplesToRecordBatchDecoder(read.SerializeToString())
    serialized: dict[str, list[bytes]] = {split: [] for split in SPLITS}
    for split, record in records_of(examples):
        serialized[split].append(record)
    for split, records in serialized.items():
        found = generate_statistics_in_memory(decoder.DecodeBatch(records), tfdv.StatsOptions(schema=schema))
        (folder / f"Split-{split}").mkdir(parents=True)
        (folder / f"Split-{split}" / "FeatureStats.pb").write_bytes(found.SerializeToString())


def statistics_below(folder: Path) -> dict[str, bytes]:
    return {split: (folder / f"Split-{split}" / "FeatureStats.pb").read_bytes() for split in SPLITS}


@pytest.fixture
def judge(root: Any, tmp_path: Path, classes: tuple[str, ...]) -> Judge:
    """Return a function that runs the data nodes on an example folder and returns DataGate's word."""

    def run(examples: Path, *, tolerated: float = 0.0, measured_by_tfx: bool = False) -> tuple[str, tuple[Finding, ...]]:
        account = tmp_path / "account"
        account.mkdir()
        rows = [row_of(split, record) for split, record in records_of(examples)]
        write_account(account, rows, settings=IngestSettings(classes=classes, key_id="0"), manifest_sha256="0")
        schema_file = tmp_path / "schema.pbtxt"
        schema_file.write_text(text_format.MessageToString(schema_for(classes, ["site"])))
        write_statistics(examples, schema_for(classes, ["site"]), tmp_path / "statistics")
        split_names = {"split_names": artifact_utils.encode_split_names(["train", "val", "test"])}
        given = Importer(source_uri=str(examples), artifact_type=standard_artifacts.Examples, properties=split_names)
        told = Importer(source_uri=str(account), artifact_type=IngestAccount).with_id("Account")
        schema = ImportSchemaGen(schema_file=str(schema_file))
        if measured_by_tfx:
            options = tfdv.StatsOptions(experimental_filter_read_paths=True)
            read = {"examples": given.outputs["result"], "schema": schema.outputs["schema"]}
            statistics = StatisticsGen(**read, stats_options=options).with_id("Statistics")
        else:
            kind = standard_artifacts.ExampleStatistics
            statistics = Importer(source_uri=str(tmp_path / "statistics"), artifact_type=kind, properties=split_names)
            statistics = statistics.with_id("Statistics")
        (measured,) = statistics.outputs.values()
        checked = {"statistics": measured, "schema": schema.outputs["schema"]}
        validator = ExampleValidator(**checked)
        gate = DataGate(
            **checked,
            account=told.outputs["result"],
            anomalies=validator.outputs["anomalies"],
            examples=given.outputs["result"],
            settings=DataGateSettings(
                classes=classes,
                max_quarantined=0.01,
                tolerated_anomalies=tolerated,
                slices=("site",),
                shortcut=ShortcutBounds(refuse_above=0.95),
            ),
        )
        launched = root.run("run", [given.with_id("Examples"), told, schema, statistics, validator, gate])
        (found,) = launched["DataGate"].outputs["blessing"]
        verdict, findings = blessing.read(found.uri)
        (proven,) = launched["DataGate"].outputs["leakage_proof"]
        rules = proof.read(Path(proven.uri))
        assert proven.get_int_custom_property("proven") == int(all(rule.verdict != "broken" for rule in rules))
        assert {finding_of(rule) for rule in rules} <= set(findings)
        assert found.get_int_custom_property("account_id") == launched["Account"].outputs["result"][0].id
        ((judged,),) = launched["Statistics"].outputs.values()
        assert found.get_int_custom_property("statistics_id") == judged.id
        assert statistics_below(Path(judged.uri)) == statistics_below(tmp_path / "statistics")
        read_shortcut(Path(found.uri))
        assert found.get_int_custom_property("blessed") == int(verdict == "accepted")
        return verdict, findings

    return run


def rewrite(folder: Path, change: Callable[[tf.train.Example], None]) -> None:
    """Change every example of a file."""
    for file in sorted(folder.glob("data_tfrecord*")):
        records = tf.data.TFRecordDataset(str(file)).as_numpy_iterator()
        examples = [tf.train.Example.FromString(record) for record in records]
        with tf.io.TFRecordWriter(str(file)) as writer:
            for example in examples:
                change(example)
                writer.write(example.SerializeToString())


def test_good_data_are_accepted_with_every_check_listed(judge: Judge, example_folder: Path) -> None:
    verdict, findings = judge(example_folder, measured_by_tfx=True)
    assert verdict == "accepted"
    subjects = {finding.subject for finding in findings}
    leakage = {f"{things} across splits" for things in ("patients", "studies", "identical images", "nearly identical images")}
    expected = {"classes in every split", "quarantined rows", *leakage, "train and val against earlier test splits"}
    assert subjects == {
        *expected,
        "anomalies",
        "sums of the account",
        SUBJECT,
        "val and test against train",
        "train against the last accepted data",
        "images with two labels, files of two patients",
    }
    assert not any(finding.refuses for finding in findings)


def test_anomaly_names_feature_rule_split_and_rows(judge: Judge, example_folder: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(example_folder, tmp_path / "examples"))

    def blank(example: tf.train.Example) -> None:
        if example.features.feature["row"].int64_list.value[0] in {205, 210}:
            example.features.feature["entropy"].float_list.value[:] = [0.0]

    rewrite(folder / "Split-test", blank)
    verdict, findings = judge(folder)
    assert verdict == "data_refused"
    (finding,) = [finding for finding in findings if finding.refuses]
    assert finding.subject == "feature entropy, test"
    assert finding.expected == "0.1 to 8"
    assert finding.rule.startswith("schema: ")
    assert finding.rows == (205, 210)
    assert any(found.rule == "data.skew.jensen_shannon" and found.subject == "entropy, test against train" for found in findings)


def test_few_bad_images_are_tolerated_where_configured_and_still_named(
    judge: Judge, example_folder: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(example_folder, tmp_path / "examples"))

    def shrink(example: tf.train.Example) -> None:
        if example.features.feature["row"].int64_list.value[0] in {205, 210}:
            example.features.feature["width"].int64_list.value[:] = [4]

    rewrite(folder / "Split-test", shrink)
    verdict, findings = judge(folder, tolerated=0.01)
    assert verdict == "accepted"
    (finding,) = [finding for finding in findings if finding.subject == "feature width, test"]
    assert (finding.refuses, finding.rows) == (False, (205, 210))
    assert "2 of 240 examples; data.tolerated_anomalies is 0.01" in finding.found


def test_shared_patient_and_image_are_refused_by_row(judge: Judge, example_folder: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(example_folder, tmp_path / "examples"))
    (folder / "Split-val" / "data_tfrecord-00001-of-00002").unlink()
    shutil.copy(folder / "Split-test" / "data_tfrecord-00001-of-00002", folder / "Split-val")
    verdict, findings = judge(folder)
    assert verdict == "data_refused"
    refusing = {finding.rule for finding in findings if finding.refuses}
    assert refusing == {"data.patient", "data.allowed_repeats"}


def test_empty_split_is_refused_for_its_classes_alone(judge: Judge, example_folder: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(example_folder, tmp_path / "examples"))
    for file in (folder / "Split-val").iterdir():
        file.write_bytes(b"")
    verdict, findings = judge(folder)
    assert verdict == "data_refused"
    refusing = [finding.subject for finding in findings if finding.refuses]
    assert refusing == ["class normal in val", "class nodule in val", "class effusion in val"]


def test_column_that_tells_the_label_is_refused_by_name(judge: Judge, example_folder: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(example_folder, tmp_path / "examples"))

    def tell(example: tf.train.Example) -> None:
        feature = example.features.feature
        feature["site"].bytes_list.value[0] = b"home of " + feature["label"].bytes_list.value[0]

    for split in folder.iterdir():
        rewrite(split, tell)
    verdict, findings = judge(folder)
    assert verdict == "data_refused"
    (finding,) = [finding for finding in findings if finding.refuses]
    assert (finding.rule, finding.subject) == ("data.shortcut.refuse_above", SUBJECT)
    assert "most by site: AUC 1.000" in finding.found


def test_examples_without_a_column_are_not_judged_by_it(judge: Judge, example_folder: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(example_folder, tmp_path / "examples"))
    rewrite(folder / "Split-val", lambda example: example.features.feature.pop("site"))
    verdict, findings = judge(folder)
    assert verdict == "data_refused"
    (finding,) = [finding for finding in findings if finding.subject == SUBJECT]
    assert finding.found.startswith("not judged: some examples lack a column")
