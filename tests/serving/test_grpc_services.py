from typing import Any

import grpc
import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    inference_pb2,
    predict_pb2,
    regression_pb2,
)


def predict_request(x: Any, **spec: Any) -> predict_pb2.PredictRequest:
    request = predict_pb2.PredictRequest()
    request.model_spec.name = spec.pop("name", "demo")
    request.model_spec.signature_name = spec.pop("signature_name", "")
    if "version" in spec:
        request.model_spec.version.value = spec["version"]
    request.inputs["x"].CopyFrom(tf.make_tensor_proto(x, tf.float32))
    return request


def test_predict_answers_with_values_version_and_signature(client):
    response = client.prediction.Predict(predict_request([[1, 2], [3, 4]]))
    np.testing.assert_array_equal(tf.make_ndarray(response.outputs["y"]), [[2, 4], [6, 8]])
    assert list(response.outputs["total"].float_val) == [6.0, 14.0]  # typed fields, as TF Serving sends them
    spec = response.model_spec
    assert (spec.name, spec.version.value, spec.signature_name) == ("demo", 1, "serving_default")


def test_output_filter_leaves_out_the_rest(client):
    request = predict_request([[1, 2]])
    request.output_filter.append("total")
    assert list(client.prediction.Predict(request).outputs) == ["total"]


def test_errors_of_the_model_are_told_without_source_files(client, error_of):
    code, text = error_of(client.prediction.Predict, predict_request([[1, -2]]))
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert "expected no negative value" in text
    assert ".py" not in text


def test_wrong_rank_is_an_error_of_the_request_alone(client, error_of):
    code, text = error_of(client.prediction.Predict, predict_request([1, 2]))
    assert (code, text) == (grpc.StatusCode.INVALID_ARGUMENT, "input x has shape [2]; expected [?,2]")
    client.prediction.Predict(predict_request([[1, 2]]))


def test_classify_scores_examples_with_their_context(client):
    request = classification_pb2.ClassificationRequest()
    request.model_spec.name, request.model_spec.signature_name = "demo", "classify"
    given = request.input.example_list_with_context
    given.context.features.feature["x"].float_list.value.append(0.25)
    given.examples.add()
    own = given.examples.add()
    own.features.feature["x"].float_list.value.append(0.75)
    rows = client.prediction.Classify(request).result.classifications
    assert [(one.label, one.score) for one in rows[0].classes] == [("cat", 0.25), ("dog", 0.75)]
    assert [one.score for one in rows[1].classes] == [0.75, 0.25]


@pytest.mark.parametrize("method", ["Regress", "MultiInference"])
def test_what_is_not_implemented_says_so(client, method, error_of):
    request = regression_pb2.RegressionRequest() if method == "Regress" else inference_pb2.MultiInferenceRequest()
    code, text = error_of(getattr(client.prediction, method), request)
    assert code is grpc.StatusCode.UNIMPLEMENTED
    assert text.startswith(method)


def test_metadata_holds_every_signature(client):
    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
    request.model_spec.name = "demo"
    response = client.prediction.GetModelMetadata(request)
    signatures = get_model_metadata_pb2.SignatureDefMap()
    response.metadata["signature_def"].Unpack(signatures)
    assert {"serving_default", "measure", "classify"} <= set(signatures.signature_def)
    assert response.model_spec.version.value == 1


def test_status_lists_the_version(client):
    request = get_model_status_pb2.GetModelStatusRequest()
    request.model_spec.name = "demo"
    (status,) = client.model.GetModelStatus(request).model_version_status
    assert (status.version, status.state, status.status.error_code) == (1, get_model_status_pb2.ModelVersionStatus.AVAILABLE, 0)
