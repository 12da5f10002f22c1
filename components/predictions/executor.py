"""Runs candidate and baseline over val and test and writes the table."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.types import Artifact, artifact_utils
from tfx.utils import path_utils

from components import progress
from components.predictions.inference import load_predict, predict_split
from components.predictions.table import BASELINE, CANDIDATE, schema, write_table
from models import records
from models.records import Records

SPLITS = ("val", "test")


class Executor(BaseExecutor):
    """Writes predictions.parquet."""

    def Do(
        self, input_dict: dict[str, list[Artifact]], output_dict: dict[str, list[Artifact]], exec_properties: dict[str, Any]
    ) -> None:
        """Predict every image of val and test with the candidate and, where there is one, the baseline."""
        slices, classes = json.loads(exec_properties["slices"]), json.loads(exec_properties["classes"])
        splits = {split: records_of(input_dict["examples"], split) for split in SPLITS}
        tables = [schema(slices, len(classes)).empty_table()]
        models = {CANDIDATE: input_dict["model"], BASELINE: input_dict.get("baseline_model", [])}
        given = {name: artifacts[0] for name, artifacts in models.items() if artifacts}
        total = len(given) * sum(map(len, splits.values()))
        done = 0
        for name, model in given.items():
            for table in _predict(model, name=name, splits=splits, slices=slices):
                tables.append(table)
                done += len(table)
                progress.report(done, total, "images")
        folder = artifact_utils.get_single_uri(output_dict["predictions"])
        write_table(Path(folder), pa.concat_tables(tables))


def records_of(examples: list[Artifact], split: str) -> Records:
    """Return the records of a split."""
    (folder,) = artifact_utils.get_split_uris(examples, split)
    return records.index(Path(folder))


def _predict(model: Artifact, *, name: str, splits: dict[str, Records], slices: list[str]) -> Iterator[pa.Table]:
    """Yield one model's predictions; the model is loaded once and freed at the end."""
    predict = load_predict(Path(path_utils.serving_model_path(model.uri)))
    for split, examples in splits.items():
        yield from predict_split(examples, predict, split=split, model=name, slices=slices)
