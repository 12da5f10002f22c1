from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.types import Artifact, standard_artifacts

from components import progress
from components.artifacts import PredictionTable
from components.predictions.executor import Executor
from components.predictions.table import PREDICTIONS_FILE, probabilities, read_table


def folder_of(judged: Any, run: str) -> Path:
    return Path(judged[run]["Predictions"].outputs["predictions"][0].uri)


def predict(examples: Artifact, model_folder: Path, output: Path) -> Path:
    """Execute Predictions without baseline and return its folder."""
    model, predictions = standard_artifacts.Model(), PredictionTable()
    model.uri, predictions.uri = str(model_folder), str(output)
    output.mkdir()
    properties = {"classes": '["normal", "nodule", "effusion"]', "slices": '["site"]'}
    Executor(BaseExecutor.Context()).Do({"examples": [examples], "model": [model]}, {"predictions": [predictions]}, properties)
    return output


def test_every_image_of_val_and_test_has_a_line_per_model(judged: Any) -> None:
    folder = folder_of(judged, "worse")
    for model in ("candidate", "baseline"):
        for split, count in (("val", 60), ("test", 240)):
            table = read_table(folder, split=split, model=model)
            assert len(set(table.column("image_key").to_pylist())) == len(table) == count
    assert len(read_table(folder)) == 600


def test_without_baseline_there_is_no_line_of_one(judged: Any) -> None:
    assert set(read_table(folder_of(judged, "alone")).column("model").to_pylist()) == {"candidate"}


def test_baseline_lines_are_what_it_said_as_candidate(judged: Any) -> None:
    before = read_table(folder_of(judged, "alone"), model="candidate")
    now = read_table(folder_of(judged, "worse"), model="baseline")
    assert np.array_equal(probabilities(before), probabilities(now))


def test_columns_have_the_order_of_the_contract(judged: Any) -> None:
    columns = ["image_key", "patient_key", "row", "split", "label", "site", "model", "p_0", "p_1", "p_2"]
    assert read_table(folder_of(judged, "alone")).column_names == columns


def test_probabilities_are_those_of_the_signature(judged: Any, example_folder: Path, model_folder: Path) -> None:
    table = read_table(folder_of(judged, "alone"), split="test")
    file = example_folder / "Split-test" / "data_tfrecord-00000-of-00002"
    example = tf.train.Example.FromString(next(iter(tf.data.TFRecordDataset(str(file)))).numpy())
    features = example.features.feature
    signature = tf.saved_model.load(str(model_folder / "Format-Serving")).signatures["predict_image"]
    expected = signature(image=tf.constant([features["image"].bytes_list.value[0]]))["probabilities"].numpy()[0]
    line = table.column("image_key").to_pylist().index(features["image_key"].bytes_list.value[0].decode())
    assert probabilities(table)[line] == pytest.approx(expected, abs=1e-6)
    assert table.column("row").to_pylist()[line] == features["row"].int64_list.value[0]
    assert table.column("site").to_pylist()[line] == features["site"].bytes_list.value[0].decode()


def test_equal_input_gives_equal_bytes(examples: Artifact, model_folder: Path, tmp_path: Path) -> None:
    first, second = (predict(examples, model_folder, tmp_path / name) for name in ("first", "second"))
    assert (first / PREDICTIONS_FILE).read_bytes() == (second / PREDICTIONS_FILE).read_bytes()


def test_progress_ends_at_the_total(examples: Artifact, model_folder: Path, tmp_path: Path) -> None:
    heard: list[tuple[int, int, str]] = []
    stop = progress.listen(lambda done, total, unit: heard.append((done, total, unit)))
    predict(examples, model_folder, tmp_path / "output")
    stop()
    assert heard[-1] == (300, 300, "images")


def test_empty_split_has_no_lines(model_folder: Path, tmp_path: Path) -> None:
    for split in ("val", "test"):
        folder = tmp_path / "examples" / f"Split-{split}"
        folder.mkdir(parents=True)
        (folder / "data_tfrecord-00000-of-00001").touch()
    examples = standard_artifacts.Examples()
    examples.uri, examples.split_names = str(tmp_path / "examples"), '["val", "test"]'
    table = read_table(predict(examples, model_folder, tmp_path / "output"))
    assert len(table) == 0
    assert probabilities(table).shape == (0, 3)
