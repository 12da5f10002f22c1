"""Reads what the nodes before found, judges it, and publishes the blessing."""

import json
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorflow_metadata.proto.v0 import anomalies_pb2, schema_pb2, statistics_pb2
from tfx.components.example_validator.executor import DEFAULT_FILE_NAME
from tfx.components.statistics_gen import stats_artifact_utils
from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.types import Artifact, artifact_utils
from tfx.utils import io_utils

from components import blessing
from components.blessing import Finding
from components.data_gate.anomalies import RowsBreaking, judge_anomalies
from components.data_gate.completeness import judge_classes, judge_counts, judge_quarantine
from components.data_gate.contradiction import judge_contradictions
from components.data_gate.example_metadata import read_metadata
from components.data_gate.feature_rule import rows_breaking
from components.data_gate.leakage import judge_patients, judge_repeats
from components.data_gate.shortcut import Shortcut, judge_shortcut, write_shortcut
from components.data_gate.skew import judge_skew
from components.image_example_gen.account import EXAMPLE, read_account, read_rows
from components.predictions.example_files import example_files

Artifacts = dict[str, list[Artifact]]


class Executor(BaseExecutor):
    """Publishes the DataBlessing that Trainer needs."""

    def Do(self, input_dict: Artifacts, output_dict: Artifacts, exec_properties: dict[str, Any]) -> None:
        """Judge the data by the account, the statistics and the anomalies."""
        folder = Path(artifact_utils.get_single_uri(input_dict["account"]))
        account, rows = read_account(folder), read_rows(folder)
        examples = [row for row in rows if row.status == EXAMPLE]
        (statistics,) = input_dict["statistics"]
        shortcut = _shortcut(input_dict, list(account["splits"]), exec_properties)
        by_split = {split: stats_artifact_utils.load_statistics(statistics, split).proto() for split in account["splits"]}
        measured = {split: _examples_measured(its) for split, its in by_split.items()}
        filled = {split: its for split, its in by_split.items() if measured[split]}
        findings = [
            *judge_classes(account, json.loads(exec_properties["classes"])),
            judge_quarantine(account, rows, most=exec_properties["max_quarantined"]),
            judge_contradictions(rows),
            judge_patients(examples, patient=account["patient"]),
            judge_repeats(examples, allowed=exec_properties["allowed_repeats"]),
            judge_shortcut(shortcut, **json.loads(exec_properties["shortcut"])),
            *judge_skew(filled, json.loads(exec_properties["slices"]), **json.loads(exec_properties["skew"])),
            *judge_counts(account, measured),
            # Of an empty split TFDV says that every column is gone; the missing classes say it better.
            *_anomalies(input_dict, list(filled)),
        ]
        write_shortcut(Path(artifact_utils.get_single_uri(output_dict["blessing"])), shortcut)
        findings.sort(key=lambda finding: not finding.refuses)
        verdict = "data_refused" if any(finding.refuses for finding in findings) else "accepted"
        blessing.publish(artifact_utils.get_single_instance(output_dict["blessing"]), verdict, findings)


def _examples_measured(statistics: statistics_pb2.DatasetFeatureStatisticsList) -> int:
    """Return how many examples the statistics saw."""
    return sum(int(dataset.num_examples) for dataset in statistics.datasets)


def _shortcut(input_dict: Artifacts, splits: Sequence[str], exec_properties: Mapping[str, Any]) -> Shortcut:
    """Return what metadata tell of the label, over all splits; examples that can't be read are another finding's matter."""
    from components.data_gate.metadata_regression import measure  # noqa: PLC0415 - the graph is built without scikit-learn

    examples = input_dict.get("examples", [])
    if not examples:
        return Shortcut(0, 0, not_judged="the gate was given no examples")
    files = [file for split in splits for file in example_files(examples, split)]
    try:
        metadata = read_metadata(files, json.loads(exec_properties["slices"]))
    except tf.errors.InvalidArgumentError:
        return Shortcut(0, 0, not_judged="some examples lack a column or hold it in another type than the schema's")
    return measure(metadata, json.loads(exec_properties["classes"]))


def _anomalies(input_dict: Artifacts, splits: Sequence[str]) -> Iterator[Finding]:
    """Yield the findings on the anomalies of these splits, or one that says that there is none."""
    schema_folder = artifact_utils.get_single_uri(input_dict["schema"])
    schema = io_utils.SchemaReader().read(io_utils.get_only_uri_in_dir(schema_folder))
    any_found = False
    for split in splits:
        folder = Path(artifact_utils.get_split_uri(input_dict["anomalies"], split))
        found = anomalies_pb2.Anomalies.FromString((folder / DEFAULT_FILE_NAME).read_bytes())
        for finding in judge_anomalies(found, schema, split=split, rows_breaking=_row_finder(input_dict, split, schema)):
            any_found = True
            yield finding
    if not any_found:
        measured = f"{len(schema.feature)} features of {len(splits)} splits"
        yield Finding("schema", "anomalies", "none", f"none in {measured}", refuses=False)


def _row_finder(input_dict: Artifacts, split: str, schema: schema_pb2.Schema) -> RowsBreaking:
    """Return the function feature -> rows of a split that break its rule; without examples no row can be told."""
    examples = input_dict.get("examples", [])
    return partial(rows_breaking, example_files(examples, split), schema=schema) if examples else lambda _: ()
