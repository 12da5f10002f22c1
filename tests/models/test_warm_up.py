import hashlib

import numpy as np
import pytest
import tensorflow as tf

from models.canonical_image import CanonicalSpec, canonical_pixels
from models.warm_up import BATCH, FILE, drawn_images, read_warm_up, warm_up_requests, write_warm_up

SPEC = CanonicalSpec(size=24, channels=1)


@pytest.fixture
def written(tmp_path):
    write_warm_up(warm_up_requests(SPEC), tmp_path)
    return tmp_path


@pytest.mark.parametrize("channels", [1, 3])
def test_images_are_of_the_size_that_the_network_sees(channels):
    spec = CanonicalSpec(size=22, channels=channels)
    images = drawn_images(spec, 5)
    assert (images.shape, images.dtype) == ((5, 22, 22, channels), np.uint8)
    (image, *_) = warm_up_requests(spec)[0].values
    np.testing.assert_array_equal(canonical_pixels(tf.constant(image), spec), drawn_images(spec, BATCH)[0])


def test_images_differ_and_use_the_whole_range():
    images = drawn_images(SPEC, BATCH)
    assert len({image.tobytes() for image in images}) == BATCH
    assert (images.min(), images.max() > 200) == (0, True)


def test_requests_ask_every_public_signature_and_a_batch(written):
    asked = [(request.model_spec.signature_name, *request.inputs) for request in read_warm_up(written)]
    predict = ("predict_image", "image")
    assert asked == [predict, predict, ("serving_default", "examples"), ("explain_image", "image")]
    assert [len(tf.make_ndarray(next(iter(request.inputs.values())))) for request in read_warm_up(written)] == [1, BATCH, 1, 1]


def test_requests_are_where_tf_serving_looks(written):
    assert (written / "assets.extra" / "tf_serving_warmup_requests").is_file()


def test_requests_are_the_same_bytes_every_time(written):
    """Drawn, not sampled: nothing of the data reaches the file."""
    first = hashlib.sha256((written / FILE).read_bytes()).hexdigest()
    write_warm_up(warm_up_requests(SPEC), written)
    assert hashlib.sha256((written / FILE).read_bytes()).hexdigest() == first


def test_cut_file_is_an_error(written):
    (written / FILE).write_bytes((written / FILE).read_bytes()[:-5])
    with pytest.raises(tf.errors.DataLossError, match="truncated record"):
        list(read_warm_up(written))
