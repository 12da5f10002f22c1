import threading

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from models import records
from models.input_pipeline import ImageSplit, PixelCache, ahead, read_labels, training_rows
from models.transform_graph import TransformGraph

ROOM_FOR_TEN = 10


def open_split(inputs, name, cache):
    examples = records.index(inputs.split(name))
    return ImageSplit(examples, np.arange(len(examples)), cache.pixels.shape[1:], cache)


@pytest.fixture(params=[0, ROOM_FOR_TEN, 10_000])
def cache(request, training_maker):
    return PixelCache(1, (training_maker.SIZE, training_maker.SIZE, 1), at_most=request.param)


def test_pixels_equal_those_written_whatever_the_cache_holds(training_inputs, cache):
    split = open_split(training_inputs, "train", cache)
    random = np.random.default_rng(0)
    for _ in range(6):
        rows = random.integers(0, len(split), 16)
        pixels, labels = split.batch(rows)
        np.testing.assert_array_equal(pixels, training_inputs.pixels["train"][rows])
        np.testing.assert_array_equal(labels, rows)


def test_splits_share_the_budget(training_inputs, training_maker):
    cache = PixelCache(1, (training_maker.SIZE, training_maker.SIZE, 1), at_most=30)
    for name in ("val", "train"):
        split = open_split(training_inputs, name, cache)
        np.testing.assert_array_equal(split.pixels(np.arange(len(split))), training_inputs.pixels[name])
    assert len(cache.take(1)) == 0


def test_cached_image_is_not_decoded_again(training_inputs, training_maker, monkeypatch):
    cache = PixelCache(1, (training_maker.SIZE, training_maker.SIZE, 1), at_most=100)
    split = open_split(training_inputs, "val", cache)
    before = split.pixels(np.arange(20))
    monkeypatch.setattr(records.Records, "read", lambda *_: pytest.fail("read again"))
    np.testing.assert_array_equal(split.pixels(np.arange(20)), before)


def test_cache_keeps_to_its_budget():
    assert len(PixelCache(3, (1024, 1024, 1), at_most=100).pixels) == 3


def test_labels_follow_the_order_of_the_records(training_inputs, training_maker):
    graph = TransformGraph(str(training_inputs.transform_graph))
    found = read_labels(records.index(training_inputs.split("train")), graph.label_ids)
    assert [training_maker.CLASSES[label] for label in found] == training_inputs.labels["train"]


def test_no_records_are_no_labels(tmp_path):
    tf.io.TFRecordWriter(str(tmp_path / "empty")).close()
    assert read_labels(records.index(tmp_path), lambda _: pytest.fail("called")).shape == (0,)


@given(images=st.integers(1, 40), batch_size=st.integers(1, 50), seed=st.integers(0, 2**31 - 1))
def test_steps_pass_through_all_rows_again_and_again(images, batch_size, seed):
    steps = [training_rows(images, batch_size, seed, step) for step in range(7)]
    assert all(len(rows) == batch_size for rows in steps)
    stream = np.concatenate(steps)
    for start in range(0, len(stream) - images + 1, images):
        assert sorted(stream[start : start + images]) == list(range(images))


def test_passes_and_seeds_differ_in_order():
    first, second = (training_rows(100, 100, 1, step).tolist() for step in (0, 1))
    assert first != second
    assert first != training_rows(100, 100, 2, 0).tolist()
    assert first == training_rows(100, 100, 1, 0).tolist()


def test_ahead_keeps_the_order_and_works_in_another_thread():
    threads = set()

    def items():
        for number in range(5):
            threads.add(threading.current_thread().name)
            yield number

    assert list(ahead(items())) == [0, 1, 2, 3, 4]
    assert threading.main_thread().name not in threads


def test_ahead_passes_an_error_on():
    def items():
        yield 1
        raise OSError("disk")

    with pytest.raises(OSError, match="disk"):
        list(ahead(items()))
