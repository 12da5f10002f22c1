"""Reads what the nodes before found, judges it, and publishes the blessing and the leakage proof."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2
from tfx.components.example_validator.executor import DEFAULT_FILE_NAME
from tfx.components.statistics_gen import stats_artifact_utils
from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.types import Artifact, artifact_utils
from tfx.utils import io_utils

from components import blessing
from components.blessing import Finding
from components.data_gate import proof
from components.data_gate.accepted_train import last_run, read_accepted, train_split
from components.data_gate.anomalies import JudgedSplit, RowsBreaking, judge_anomalies
from components.data_gate.completeness import judge_classes, judge_counts, judge_quarantine, judge_sums
from components.data_gate.contradiction import judge_contradictions
from components.data_gate.distance import TRAIN, Statistics
from components.data_gate.drift import Drift, judge_drift, measure_drift, write_drift
from components.data_gate.earlier_tests import judge_earlier, judge_unreadable, read_earlier_test
from components.data_gate.example_metadata import read_metadata
from components.data_gate.feature_rule import rows_breaking
from components.data_gate.judged import ACCOUNT_ID, STATISTICS_ID
from components.data_gate.leakage import finding_of, judge_patients, judge_repeats, judge_studies
from components.data_gate.near_repeats import judge_near_repeats
from components.data_gate.proof import RuleProof
from components.data_gate.settings import DataGateSettings
from components.data_gate.shortcut import Shortcut, judge_shortcut, write_shortcut
from components.data_gate.skew import judge_skew
from components.data_gate.stored_images import StoredImages
from components.image_example_gen.account import EXAMPLE, RUN_ID, RowAccount, read_account, read_rows
from models import records

Artifacts = dict[str, list[Artifact]]


class Executor(BaseExecutor):
    """Publishes the DataBlessing and the LeakageProof that Trainer needs."""

    def Do(self, input_dict: Artifacts, output_dict: Artifacts, exec_properties: dict[str, Any]) -> None:
        """Judge the data by the account, the statistics, the anomalies and the accounts of earlier runs."""
        settings = DataGateSettings.model_validate_json(exec_properties["settings"])
        folder = Path(artifact_utils.get_single_uri(input_dict["account"]))
        account, rows = read_account(folder), read_rows(folder)
        (statistics,) = input_dict["statistics"]
        shortcut = _shortcut(input_dict, list(account["splits"]), settings)
        by_split = {split: stats_artifact_utils.load_statistics(statistics, split).proto() for split in account["splits"]}
        measured = {split: _examples_measured(its) for split, its in by_split.items()}
        filled = {split: its for split, its in by_split.items() if measured[split]}
        drift = _drift(input_dict, account, filled.get(TRAIN))
        rules = prove(input_dict, account, [row for row in rows if row.status == EXAMPLE], settings)
        findings = [
            *judge_sums(account),
            *judge_classes(account, settings.classes),
            judge_quarantine(account, rows, most=settings.max_quarantined),
            judge_contradictions(rows),
            *map(finding_of, rules),
            judge_shortcut(shortcut, **settings.shortcut.model_dump()),
            *judge_skew(filled, settings.slices, **settings.skew.model_dump()),
            *judge_drift(drift, **settings.drift.model_dump()),
            *judge_counts(account, measured),
            # Of an empty split TFDV says that every column is gone; the missing classes say it better.
            *_anomalies(input_dict, {split: measured[split] for split in filled}, tolerated=settings.tolerated_anomalies),
        ]
        published = Path(artifact_utils.get_single_uri(output_dict["blessing"]))
        write_shortcut(published, shortcut)
        write_drift(published, drift)
        findings.sort(key=lambda finding: not finding.refuses)
        proof.publish(artifact_utils.get_single_instance(output_dict["leakage_proof"]), rules)
        bless(artifact_utils.get_single_instance(output_dict["blessing"]), input_dict, findings)


def prove(
    input_dict: Artifacts, account: Mapping[str, Any], examples: Sequence[RowAccount], settings: DataGateSettings
) -> list[RuleProof]:
    """Return every rule of the leakage proof."""
    accounts = [
        (artifact.get_string_custom_property(RUN_ID), Path(artifact.uri)) for artifact in input_dict.get("earlier_accounts", [])
    ]
    earlier = [(run, read_earlier_test(folder, run)) for run, folder in accounts]
    readable = [test for _, test in earlier if test is not None]
    return [
        judge_patients(examples, patient=account["patient"]),
        judge_studies(examples),
        judge_repeats(examples, allowed=settings.allowed_repeats),
        judge_near_repeats(
            examples,
            StoredImages(input_dict["examples"]),
            bounds=settings.near_repeats,
            allowed=settings.allowed_near_repeats,
        ),
        *judge_earlier(examples, account, readable, allowed_repeats=settings.allowed_repeats),
        *judge_unreadable([run for run, test in earlier if test is None]),
    ]


def bless(output: Artifact, input_dict: Artifacts, findings: Sequence[Finding]) -> None:
    """Publish the verdict, and which account and statistics it is about."""
    verdict = "data_refused" if any(finding.refuses for finding in findings) else "accepted"
    blessing.publish(output, verdict, findings)
    output.set_int_custom_property(ACCOUNT_ID, artifact_utils.get_single_instance(input_dict["account"]).id)
    output.set_int_custom_property(STATISTICS_ID, artifact_utils.get_single_instance(input_dict["statistics"]).id)


def _examples_measured(statistics: Statistics) -> int:
    """Return how many examples the statistics saw."""
    return sum(int(dataset.num_examples) for dataset in statistics.datasets)


def _drift(input_dict: Artifacts, account: Mapping[str, Any], statistics: Statistics | None) -> Drift:
    """Return how far the train split, None where it holds nothing, lies from that of the last accepted data."""
    accounts = input_dict.get("earlier_accounts", [])
    earlier = read_accepted(accounts, input_dict.get("earlier_statistics", [])) if accounts else None
    return measure_drift(last_run(accounts), earlier, None if statistics is None else train_split(account, statistics))


def _shortcut(input_dict: Artifacts, splits: Sequence[str], settings: DataGateSettings) -> Shortcut:
    """Return what metadata tell of the label, over all splits; examples that can't be read are another finding's matter."""
    from components.data_gate.metadata_regression import measure  # noqa: PLC0415 - the graph is built without scikit-learn

    folders = [artifact_utils.get_split_uris(input_dict["examples"], split)[0] for split in splits]
    try:
        metadata = read_metadata([records.index(Path(folder)) for folder in folders], settings.slices)
    except tf.errors.InvalidArgumentError:
        return Shortcut(0, 0, not_judged="some examples lack a column or hold it in another type than the schema's")
    return measure(metadata, settings.classes)


def _anomalies(input_dict: Artifacts, examples: Mapping[str, int], *, tolerated: float) -> Iterator[Finding]:
    """Yield the findings on the anomalies of these splits, with their examples, or one that says that there is none."""
    schema_folder = artifact_utils.get_single_uri(input_dict["schema"])
    schema = io_utils.SchemaReader().read(io_utils.get_only_uri_in_dir(schema_folder))
    any_found = False
    for split, count in examples.items():
        folder = Path(artifact_utils.get_split_uri(input_dict["anomalies"], split))
        found = anomalies_pb2.Anomalies.FromString((folder / DEFAULT_FILE_NAME).read_bytes())
        judged = JudgedSplit(split, count, _row_finder(input_dict, split, schema), tolerated)
        for finding in judge_anomalies(found, schema, judged):
            any_found = True
            yield finding
    if not any_found:
        measured = f"{len(schema.feature)} features of {len(examples)} splits"
        yield Finding("schema", "anomalies", "none", f"none in {measured}", refuses=False)


def _row_finder(input_dict: Artifacts, split: str, schema: schema_pb2.Schema) -> RowsBreaking:
    """Return the function feature -> rows of a split that break its rule."""
    (folder,) = artifact_utils.get_split_uris(input_dict["examples"], split)
    return lambda feature: rows_breaking(records.index(Path(folder)), feature, schema)
