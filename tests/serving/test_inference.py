import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import meta_graph_pb2
from tensorflow_serving.apis import classification_pb2, input_pb2, predict_pb2

from serving.inference import Inference, classifications, classify_outputs, run_directly, serialized_examples
from serving.metrics import ServerMetrics
from serving.model_versions import Lease
from serving.saved_model import SavedModel
from serving.serving_error import ServingError
from serving.tensors import RequestLimits


@pytest.fixture(scope="module")
def lease(versions):
    model = SavedModel(versions[1])
    yield Lease("demo", 1, model)
    model.close()


@pytest.fixture
def metrics():
    return ServerMetrics()


def inference(metrics, **options):
    return Inference(run_directly, RequestLimits(batch=3), metrics.runtime_latency, **options)


def predict_request():
    request = predict_pb2.PredictRequest()
    request.inputs["x"].CopyFrom(tf.make_tensor_proto([[1.0, 2.0]]))
    return request


def test_outputs_are_raw_bytes_when_asked_for(lease, metrics):
    response = inference(metrics, as_content=True).predict(lease, predict_request())
    assert response.outputs["y"].tensor_content == np.array([[2, 4]], np.float32).tobytes()


def test_the_time_that_the_model_took_is_counted(lease, metrics):
    inference(metrics).predict(lease, predict_request())
    assert 'runtime_latency_count{model_name="demo",API="Predict",runtime="TF1"} 1' in metrics.page()


def test_a_request_whose_time_is_over_is_not_run(lease, metrics):
    with pytest.raises(ServingError, match="Deadline Exceeded"):
        inference(metrics).predict(lease, predict_request(), 0.0)
    assert "runtime_latency_count" not in metrics.page()


def test_examples_above_the_batch_limit_are_refused(lease, metrics):
    request = classification_pb2.ClassificationRequest()
    request.model_spec.signature_name = "classify"
    for _ in range(4):
        request.input.example_list.examples.add()
    with pytest.raises(ServingError, match="the request has 4 examples; expected at most 3"):
        inference(metrics).classify(lease, request)


def signature(inputs, outputs):
    info = meta_graph_pb2.TensorInfo()
    return {"s": meta_graph_pb2.SignatureDef(inputs=dict.fromkeys(inputs, info), outputs=dict.fromkeys(outputs, info))}


@pytest.mark.parametrize(
    ("signatures", "text"),
    [
        ({}, "No signature was found with the name: s"),
        (signature(["a", "b"], ["scores"]), r"Expected one input Tensor\."),
        (signature(["inputs"], ["a", "b", "c"]), "Expected one or two output Tensors, found 3"),
        (signature(["examples"], ["scores"]), "No classification inputs found in SignatureDef"),
        (signature(["inputs"], ["a"]), 'at least one of "classes" or "scores"'),
    ],
)
def test_what_does_not_classify_is_named(signatures, text):
    with pytest.raises(ServingError, match=text):
        classify_outputs(signatures, "s")


NAMES, SCORES = np.array([[b"a", b"b"]], object), np.array([[0.5, 0.25]], np.float32)


def test_classes_or_scores_alone_are_a_result():
    assert [one.label for one in classifications({"classes": NAMES}, 1).classifications[0].classes] == ["a", "b"]
    assert [one.score for one in classifications({"scores": SCORES}, 1).classifications[0].classes] == [0.5, 0.25]


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"scores": SCORES[0]}, r"Expected Tensor shape: \[batch_size num_classes\] but got \[2\]"),
        ({"classes": SCORES}, "Expected classes Tensor of DT_STRING. Got: float32"),
        ({"scores": SCORES.astype(np.float64)}, "Expected scores Tensor of DT_FLOAT. Got: float64"),
        ({"scores": np.repeat(SCORES, 2, axis=0)}, "Expected scores output batch size of 1. Got: 2"),
        ({"classes": NAMES, "scores": SCORES[:, :1]}, r"should match in dim_size\(1\). Got 2 vs. 1"),
    ],
)
def test_outputs_that_are_no_classification_are_named(values, text):
    with pytest.raises(ServingError, match=text):
        classifications(values, 1)


def test_no_example_is_refused():
    with pytest.raises(ServingError, match=r"Input is empty\."):
        serialized_examples(input_pb2.Input())
