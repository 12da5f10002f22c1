import json
import signal
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.framework import config as framework_config

from models import history, records
from models.model_facts import read_facts
from models.rendering.settings import RenderSettings
from models.training import job_of, run_fn, train
from pipeline.errors import DataRefusedError

SETTINGS = {"steps": 12, "steps_per_epoch": 3, "early_stopping": 0}

# Trains in a process of its own; `kill_at` ends it in the middle of a step's report, as kill -9 would.
CHILD = """
import os, signal, sys
from types import SimpleNamespace
import json
from components import progress
from models.model_facts import read_facts
from models.rendering.settings import RenderSettings
from models.training import run_fn
told = json.loads(sys.argv[1])
kill_at = told.pop("kill_at")
progress.listen(lambda done, total, unit: os.kill(os.getpid(), signal.SIGKILL) if done == kill_at else None)
run_fn(SimpleNamespace(**told))
"""


@pytest.fixture
def run_child(start_program):
    def run(fn_args, kill_at=0):
        return start_program(CHILD, json.dumps(vars(fn_args) | {"kill_at": kill_at})).finish().code

    return run


def weights_of(fn_args):
    reader = tf.train.load_checkpoint(str(Path(fn_args.serving_model_dir) / "variables" / "variables"))
    names = sorted(name for name in reader.get_variable_to_shape_map() if name.startswith("weights/"))
    return [reader.get_tensor(name).tobytes() for name in names]


def history_of(fn_args):
    return json.loads((Path(fn_args.model_run_dir) / history.HISTORY_FILE).read_text())


@pytest.fixture(scope="module")
def trained(training_inputs, tmp_path_factory):
    """One training in this process."""
    fn_args = training_inputs.fn_args(tmp_path_factory.mktemp("trained") / "outputs", **SETTINGS)
    run_fn(fn_args)
    return fn_args


def test_killed_training_goes_on_to_the_weights_of_an_uninterrupted_one(training_inputs, trained, run_child, tmp_path):
    first = training_inputs.fn_args(tmp_path / "first", **SETTINGS)
    assert run_child(first, kill_at=8) == -signal.SIGKILL
    assert not Path(first.serving_model_dir).exists()
    # A rerun may get other output folders; the checkpoint is found by the inputs.
    second = training_inputs.fn_args(tmp_path / "second", **SETTINGS)
    assert run_child(second) == 0
    told = history_of(second)
    assert told["resumed_from_step"] == 6
    assert weights_of(second) == weights_of(trained)
    unseen = [{**epoch, "seconds": 0} for epoch in history_of(trained)["epochs"]]
    assert [{**epoch, "seconds": 0} for epoch in told["epochs"]] == unseen
    assert list((tmp_path / "work").iterdir()) == []


def test_history_tells_what_the_report_needs(trained):
    told = history_of(trained)
    assert [epoch["epoch"] for epoch in told["epochs"]] == [1, 2, 3, 4]
    assert set(told["epochs"][0]) == {"epoch", "steps", "loss", "accuracy", "val_loss", "val_accuracy", "seconds"}
    assert told["best_epoch"] == min(told["epochs"], key=lambda epoch: epoch["val_loss"])["epoch"]
    assert told["precision"] in ("float32", "bfloat16") and told["why"]
    assert (told["seed"], told["resumed_from_step"]) == (1, 0)
    assert told["parameters"] > 0


def test_the_export_tells_how_files_were_rendered(trained):
    assert read_facts(Path(trained.serving_model_dir)).rendering == RenderSettings(frames="maximum")


def test_nothing_of_the_process_is_left_changed(trained):
    assert not framework_config.is_op_determinism_enabled()
    assert keras.config.dtype_policy().name == "float32"


def test_another_cache_budget_gives_the_same_weights(training_inputs, trained, tmp_path):
    fn_args = training_inputs.fn_args(tmp_path / "outputs", **SETTINGS, cache_mb=0)
    run_fn(fn_args)
    assert weights_of(fn_args) == weights_of(trained)


def test_float32_is_used_when_configured(training_inputs, tmp_path):
    fn_args = training_inputs.fn_args(tmp_path / "outputs", steps=2, precision="float32", model="article_cnn")
    run_fn(fn_args)
    assert history_of(fn_args)["precision"] == "float32"


def test_a_split_without_images_is_refused_before_training(training_inputs, tmp_path):
    fn_args = training_inputs.fn_args(tmp_path / "outputs")
    empty = tmp_path / "Split-val"
    empty.mkdir()
    tf.io.TFRecordWriter(str(empty / "data_tfrecord-00000-of-00001")).close()
    fn_args.eval_files = [str(empty / "*")]
    with pytest.raises(DataRefusedError, match="split val: 0 images"):
        run_fn(fn_args)


def test_a_label_outside_the_classes_is_refused(training_inputs, training_maker, tmp_path):
    fn_args = training_inputs.fn_args(tmp_path / "outputs")
    stranger = tmp_path / "Split-val"
    pixels = np.zeros((training_maker.SIZE, training_maker.SIZE, 1), np.uint8)
    training_maker.write_records(stranger, [training_maker.serialize(pixels, "other")])
    fn_args.eval_files = [str(stranger / "*")]
    with pytest.raises(DataRefusedError, match="split val: 1 images, 1 with a label outside"):
        train(job_of(fn_args))


def test_events_are_written_for_both_splits(trained):
    folder = Path(trained.model_run_dir) / history.EVENTS_FOLDER
    for split in ("train", "val"):
        (file,) = (folder / split).iterdir()
        events = [tf.compat.v1.Event.FromString(content) for content in records.index(file.parent).read([1, 2])]
        assert [event.summary.value[0].tag for event in events] == ["loss", "accuracy"]
        assert events[0].step == 3
