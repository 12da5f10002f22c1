import math

import keras
import numpy as np
import pytest
import tensorflow as tf

from components import progress
from models import records, zoo
from models.checkpoint import Checkpoint
from models.fitting import (
    Epoch,
    Learner,
    balanced_weights,
    best_epoch,
    finished,
    fit,
    learning_rate,
    parts,
    seed32,
    validate,
)
from models.input_pipeline import ImageSplit, PixelCache
from models.normalisation import PixelMoments
from pipeline.config import Training
from pipeline.errors import MedtfxError

TRAINING = Training(steps=6, steps_per_epoch=2, batch_size=8, precision="float32")
MOMENTS = PixelMoments(0.4, 0.04)


def epochs_of(*val_losses):
    return [Epoch(number, number * 10, 1.0, 0.5, loss, 0.5, 0.1) for number, loss in enumerate(val_losses, 1)]


def open_splits(inputs, maker):
    shape = (maker.SIZE, maker.SIZE, 1)
    cache = PixelCache(1, shape, at_most=100)
    labels = {name: np.array([maker.CLASSES.index(label) for label in inputs.labels[name]]) for name in ("train", "val")}
    return [ImageSplit(records.index(inputs.split(name)), labels[name], shape, cache) for name in ("train", "val")]


def learner_of(maker, training=TRAINING, name="compact_resnet", weights=(1.0, 1.0, 1.0)):
    return Learner(zoo.build(name, (maker.SIZE, maker.SIZE, 1), 3), training, MOMENTS, weights)


def no_listener(_):
    """Take an epoch and do nothing."""


def test_progress_counts_every_step_and_epochs_are_told(training_inputs, training_maker, tmp_path):
    reports, told = [], []
    stop_listening = progress.listen(lambda *report: reports.append(report))
    splits = open_splits(training_inputs, training_maker)
    learner = learner_of(training_maker, name="article_cnn")
    epochs, resumed_from = fit(learner, *splits, checkpoint=Checkpoint(tmp_path / "c"), on_epoch=told.append)
    stop_listening()
    assert reports == [(step, 6, "steps") for step in range(1, 7)]
    assert told == epochs
    assert [epoch.steps for epoch in epochs] == [2, 4, 6]
    assert resumed_from == 0


def test_model_is_left_with_the_best_weights(training_inputs, training_maker, tmp_path):
    training = TRAINING.model_copy(update={"learning_rate": 0.5, "steps": 8})
    learner = learner_of(training_maker, training)
    train, val = open_splits(training_inputs, training_maker)
    epochs, _ = fit(learner, train, val, checkpoint=Checkpoint(tmp_path / "c"), on_epoch=no_listener)
    assert validate(learner, val)[0] == pytest.approx(min(epoch.val_loss for epoch in epochs), rel=1e-5)


def test_a_loss_that_is_no_number_says_what_to_do(training_inputs, training_maker, tmp_path):
    learner = learner_of(training_maker, name="article_cnn")
    learner.model.layers[-1].kernel.assign(learner.model.layers[-1].kernel * math.nan)
    splits = open_splits(training_inputs, training_maker)
    with pytest.raises(MedtfxError, match=r"nan at step 1; lower training.learning_rate"):
        fit(learner, *splits, checkpoint=Checkpoint(tmp_path / "c"), on_epoch=no_listener)


@pytest.mark.parametrize("at_once", [3, 1000])
def test_validation_counts_each_image_once_with_its_class_weight(training_inputs, training_maker, monkeypatch, at_once):
    monkeypatch.setattr("models.fitting.PIXELS_AT_ONCE", at_once * training_maker.SIZE**2)
    weights = [3.0, 1.0, 0.5]
    learner = learner_of(training_maker, name="article_cnn", weights=weights)
    _, val = open_splits(training_inputs, training_maker)
    pixels, labels = val.batch(np.arange(len(val)))
    normal = (pixels / np.float32(255) - MOMENTS.mean) / MOMENTS.variance**0.5
    probabilities = learner.model(normal, training=False).numpy()
    losses = -np.log(probabilities[np.arange(len(labels)), labels]) * np.array(weights)[labels]
    accuracy = np.mean(probabilities.argmax(axis=1) == labels)
    assert validate(learner, val) == pytest.approx((losses.mean(), accuracy), rel=1e-4)


def test_parts_of_a_batch_give_the_gradients_of_the_whole(training_maker, monkeypatch):
    random = np.random.default_rng(0)
    side = training_maker.SIZE
    pixels = tf.constant(random.integers(0, 256, (8, side, side, 1), np.uint8))
    labels = tf.constant(random.integers(0, 3, 8))
    found = []
    for limit in (8 * side * side, 3 * side * side):
        monkeypatch.setattr("models.fitting.PIXELS_AT_ONCE", limit)
        learner = learner_of(training_maker, name="article_cnn")
        figures = [learner.train_step(pixels, labels, tf.constant(step)).numpy() for step in range(3)]
        found.append([*figures, *learner.weights()])
    for whole, in_parts in zip(*found, strict=True):
        np.testing.assert_allclose(in_parts, whole, atol=2e-4)


@pytest.mark.parametrize(("side", "batch_size", "count"), [(224, 32, 4), (224, 31, 4), (64, 32, 1), (224, 1000, 8), (1024, 4, 4)])
def test_parts_cover_the_batch(side, batch_size, count):
    image = keras.layers.Input((side, side, 3))
    found = parts(keras.Model(image, keras.layers.Flatten()(image)), batch_size)
    assert len(found) == count
    assert [row for part in found for row in range(batch_size)[part]] == list(range(batch_size))


@pytest.mark.parametrize(("dtype", "count"), [("float32", 4), ("mixed_bfloat16", 2)])
def test_parts_of_half_as_many_bytes_an_activation_are_twice_as_large(dtype, count):
    assert len(parts(zoo.build("article_cnn", (224, 224, 3), 2, dtype=dtype), 32)) == count


def test_a_network_with_batch_statistics_sees_its_batch_whole():
    assert parts(zoo.build("compact_resnet", (224, 224, 3), 2), 32) == [slice(0, 32)]


def test_learning_rate_rises_then_falls_to_zero():
    schedule = learning_rate(Training(steps=100, learning_rate=0.01))
    rates = [float(schedule(step)) for step in range(101)]
    assert rates[0] == 0.0
    assert rates[5] == pytest.approx(0.01)
    assert rates[5:] == sorted(rates[5:], reverse=True)
    assert rates[100] == pytest.approx(0.0, abs=1e-6)


def test_training_stops_when_the_val_loss_no_longer_falls():
    training = Training(steps=1000, early_stopping=2)
    assert not finished([], training)
    assert not finished(epochs_of(3, 2, 2.5), training)
    assert finished(epochs_of(3, 2, 2.5, 2.0), training)
    assert not finished(epochs_of(3, 2, 2.5, 1.9), training)


def test_training_without_early_stopping_ends_with_its_steps():
    assert not finished(epochs_of(1, 2, 3, 4), Training(steps=41, early_stopping=0))
    assert finished(epochs_of(1, 2, 3, 4), Training(steps=40, early_stopping=0))


def test_best_epoch_is_the_first_of_equals():
    assert best_epoch(epochs_of(3, 2, 2, 4)) == 2


def test_balanced_weights_make_classes_count_alike():
    labels = np.array([0] * 6 + [1] * 3)
    weights = balanced_weights(labels, 3)
    assert weights[:2] == pytest.approx([0.5, 1.0])
    assert 6 * weights[0] == pytest.approx(3 * weights[1])


@pytest.mark.parametrize("seed", [-1, 0, 2**31, 2**70])
def test_any_seed_is_folded_to_what_both_libraries_take(seed):
    assert 0 <= seed32(seed) < 2**31
