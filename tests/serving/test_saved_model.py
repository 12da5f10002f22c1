import numpy as np
import pytest
from tensorflow.core.protobuf.rewriter_config_pb2 import RewriterConfig

from bench.serving import image_model
from bench.serving.image_model import Network
from models.export import PREDICT_IMAGE, PROBABILITIES
from models.precision import BFLOAT16_FLAGS, read_cpu_flags
from serving.saved_model import ALL_CORES, SavedModel, Threads, first_line, session_config
from serving.serving_error import ServingError

X = {"x": np.array([[1, 2]], np.float32)}


@pytest.fixture(scope="module")
def model(versions):
    loaded = SavedModel(versions[2])
    yield loaded
    loaded.close()


def test_outputs_come_in_the_order_asked_for(model):
    total, y = model.run("serving_default", X, ["total", "y"])
    np.testing.assert_array_equal(total, [9])
    np.testing.assert_array_equal(y, [[3, 6]])


def test_a_single_text_keeps_its_zero_bytes(model):
    (word,) = model.run("summed", {"x": np.zeros(1, np.float32)}, ["word"])
    assert (word.shape, word.item()) == ((), b"a\x00")


def test_an_error_of_the_graph_keeps_its_code_and_names_no_source_file(model):
    with pytest.raises(ServingError, match="expected no negative value") as caught:
        model.run("serving_default", {"x": np.array([[1, -2]], np.float32)}, ["y"])
    assert caught.value.http_status == 400
    assert ".py" not in str(caught.value)


def test_a_run_ends_at_its_time_limit(model):
    with pytest.raises(ServingError) as caught:
        model.run("spin", {"rounds": np.array([2**31 - 1], np.int32)}, ["last"], seconds=0.2)
    assert caught.value.http_status == 504


def test_a_shape_that_the_session_refuses_is_an_error_of_the_request(model):
    with pytest.raises(ServingError, match="Cannot feed value of shape"):
        model.run("serving_default", {"x": np.zeros([1, 3], np.float32)}, ["y"])


def test_a_closed_model_answers_nothing(versions):
    model = SavedModel(versions[1])
    model.close()
    with pytest.raises(ServingError, match="closed"):
        model.run("serving_default", X, ["y"])


def test_an_empty_error_has_a_text():
    assert first_line(" \n") == "no reason given"


def test_mixed_precision_answers_as_float32_but_for_the_rounding_of_this_cpu(tmp_path):
    export = image_model.save(tmp_path / "1", Network(size=32))
    images = {"image": np.array(image_model.images(4, 32), object)}
    single, half = SavedModel(export), SavedModel(export, bfloat16=True)
    (expected,), (given,) = (model.run(PREDICT_IMAGE, images, [PROBABILITIES]) for model in (single, half))
    moved = np.abs(given - expected).max()
    assert moved < 0.02
    assert moved > 0 or not read_cpu_flags().intersection(BFLOAT16_FLAGS)


@pytest.mark.parametrize(("bfloat16", "rewriting"), [(True, RewriterConfig.ON), (False, RewriterConfig.DEFAULT)])
def test_session_is_told_threads_and_rewriting(bfloat16, rewriting):
    config = session_config(Threads(2, 3), bfloat16=bfloat16)
    assert (config.intra_op_parallelism_threads, config.inter_op_parallelism_threads) == (2, 3)
    assert config.graph_options.rewrite_options.auto_mixed_precision_onednn_bfloat16 == rewriting
    assert session_config(ALL_CORES, bfloat16=False).intra_op_parallelism_threads == 0
