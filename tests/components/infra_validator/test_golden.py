import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from components.infra_validator.golden import FORMS, evenly, golden_requests, serialized_examples


def test_each_image_is_asked_as_stored_and_in_another_form(training_inputs):
    requests = golden_requests(training_inputs.split("test"), 5)
    assert [request.form for request in requests] == ["as stored"] * 5 + [*FORMS, "odd size"]
    stored = [tf.io.decode_png(request.encoded).numpy() for request in requests[:5]]
    np.testing.assert_array_equal(stored[-1], training_inputs.pixels["test"][-1])


def test_requests_are_the_same_each_time(training_inputs):
    assert golden_requests(training_inputs.split("test"), 4) == golden_requests(training_inputs.split("test"), 4)


def test_a_split_without_images_gives_no_requests(tmp_path):
    tf.io.TFRecordWriter(str(tmp_path / "empty")).close()
    assert golden_requests(tmp_path, 4) == []


@given(total=st.integers(1, 500), count=st.integers(1, 64))
def test_positions_are_spread_without_repeats(total, count):
    positions = evenly(total, count)
    assert len(positions) == min(total, count) == len(set(positions))
    assert positions[0] == 0 and positions[-1] <= total - 1


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("form", FORMS)
def test_forms_are_files_that_decode(form, channels):
    pixels = np.random.default_rng(0).integers(0, 256, (32, 32, channels), np.uint8)
    decoded = tf.io.decode_image(FORMS[form](pixels)).numpy()
    assert decoded.ndim == 3
    assert (decoded.shape[:2] == (32, 32)) == (form != "odd size")


def test_serialized_examples_hold_the_image_alone(training_inputs):
    requests = golden_requests(training_inputs.split("test"), 2)
    example = tf.train.Example.FromString(serialized_examples(requests)[0])
    assert list(example.features.feature) == ["image"]
