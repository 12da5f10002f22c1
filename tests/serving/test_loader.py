import shutil

import grpc
import pytest
import tensorflow as tf
from tensorflow_serving.apis import prediction_log_pb2

from bench.serving.tiny_model import CANONICAL, CLASSES
from models.model_facts import ModelFacts, write_facts
from serving.inference import Inference, run_directly
from serving.loader import Loader
from serving.metrics import ServerMetrics
from serving.serving_error import ServingError
from serving.tensors import RequestLimits


@pytest.fixture
def metrics():
    return ServerMetrics()


@pytest.fixture
def inference(metrics):
    return Inference(run_directly, RequestLimits(), metrics.runtime_latency)


@pytest.fixture
def loader(metrics, inference):
    return Loader(inference, metrics.warmup_latency)


@pytest.fixture
def folder(versions, tmp_path):
    return shutil.copytree(versions[1], tmp_path / "1")


def write_warmup(folder, *logs):
    (folder / "assets.extra").mkdir(exist_ok=True)
    with tf.io.TFRecordWriter(str(folder / "assets.extra" / "tf_serving_warmup_requests")) as writer:
        for log in logs:
            writer.write(log.SerializeToString())


def predict_log(x):
    log = prediction_log_pb2.PredictionLog()
    log.predict_log.request.model_spec.name = "demo"
    log.predict_log.request.inputs["x"].CopyFrom(tf.make_tensor_proto(x, tf.float32))
    return log


def classify_log():
    log = prediction_log_pb2.PredictionLog()
    log.classify_log.request.model_spec.signature_name = "classify"
    example = log.classify_log.request.input.example_list.examples.add()
    example.features.feature["x"].float_list.value.append(0.5)
    return log


def test_warm_up_requests_are_answered_before_the_version_is(loader, metrics, folder):
    write_warmup(folder, predict_log([[1, 2]]), classify_log())
    loader("demo", 1, folder).close()
    assert ':tensorflow:serving:model_warmup_latency_count{model_path="demo/1",status="OK"} 1' in metrics.page()


@pytest.mark.parametrize(
    ("log", "code"),
    [
        (predict_log([[1, -2]]), grpc.StatusCode.INVALID_ARGUMENT),
        (prediction_log_pb2.PredictionLog(session_run_log={}), grpc.StatusCode.UNIMPLEMENTED),
    ],
)
def test_a_version_that_cannot_answer_its_warm_up_does_not_load(loader, folder, log, code):
    write_warmup(folder, log)
    with pytest.raises(ServingError, match=rf"a warm-up request failed \({code.name}\)"):
        loader("demo", 1, folder)


def test_a_file_that_holds_no_requests_does_not_load(loader, folder):
    write_warmup(folder)
    (folder / "assets.extra" / "tf_serving_warmup_requests").write_bytes(b"no records")
    with pytest.raises(ServingError, match=r"a warm-up request failed \(DATA_LOSS\)"):
        loader("demo", 1, folder)


def test_too_many_requests_do_not_load(loader, folder):
    write_warmup(folder, *[prediction_log_pb2.PredictionLog()] * 1001)
    with pytest.raises(ServingError, match=r"a warm-up request failed \(INVALID_ARGUMENT\)"):
        loader("demo", 1, folder)


@pytest.mark.parametrize("missing", ["saved_model.pb", "variables/variables.data-00000-of-00001"])
def test_half_a_version_does_not_load_and_its_folder_is_not_named(loader, folder, missing):
    (folder / missing).unlink()
    with pytest.raises(ServingError, match="the SavedModel does not load: ") as caught:
        loader("demo", 1, folder)
    assert str(folder) not in str(caught.value)


def test_warm_up_requests_of_calls_that_are_not_answered_here_are_left_out(loader, folder, caplog):
    others = (prediction_log_pb2.PredictionLog(regress_log={}), prediction_log_pb2.PredictionLog(multi_inference_log={}))
    write_warmup(folder, predict_log([[1, 2]]), *others, prediction_log_pb2.PredictionLog())
    with caplog.at_level("INFO", "serving"):
        loader("demo", 1, folder).close()
    assert "answered 1 warm-up requests, left out 3 of other calls" in caplog.text


@pytest.mark.parametrize("rounds", [0, 3])
def test_warm_up_requests_run_as_often_as_told(metrics, inference, folder, rounds):
    write_warmup(folder, predict_log([[1, 2]]))
    Loader(inference, metrics.warmup_latency, warmup_rounds=rounds)("demo", 1, folder).close()
    counted = ':tensorflow:serving:runtime_latency_count{model_name="demo",API="Predict",runtime="TF1"} '
    assert f"{counted}{rounds}\n" in metrics.page() or (rounds == 0 and counted not in metrics.page())


@pytest.mark.parametrize(
    ("precision", "mixed", "flags", "notes"),
    [
        ("bfloat16", False, {"avx2"}, 1),
        ("bfloat16", False, {"avx2", "avx512_bf16"}, 0),
        ("float32", False, {"avx2"}, 0),
        ("float32", True, {"avx2"}, 1),
        ("float32", True, {"avx2", "amx_bf16"}, 0),
    ],
)
def test_a_precision_that_the_cpu_does_not_multiply_is_told_once_a_version(
    metrics, inference, folder, caplog, precision, mixed, flags, notes
):
    write_facts(ModelFacts(CANONICAL, CLASSES, precision), folder)
    with caplog.at_level("INFO", "serving"):
        Loader(inference, metrics.warmup_latency, bfloat16=mixed, cpu_flags=frozenset(flags))("demo", 1, folder).close()
    assert caplog.text.count("model demo, version 1: this CPU does not multiply bfloat16 (no avx512_bf16, amx_bf16)") == notes


def test_a_graph_with_other_tags_does_not_load(metrics, inference, folder):
    with pytest.raises(ServingError, match="the SavedModel does not load: "):
        Loader(inference, metrics.warmup_latency, ("gpu",))("demo", 1, folder)
