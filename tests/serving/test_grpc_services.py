import threading
from typing import Any

import grpc
import numpy as np
import pytest
import tensorflow as tf
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    inference_pb2,
    predict_pb2,
    regression_pb2,
)

from serving.admission import Admission


def predict_request(x: Any, **spec: Any) -> predict_pb2.PredictRequest:
    request = predict_pb2.PredictRequest()
    request.model_spec.name = spec.pop("name", "demo")
    request.model_spec.signature_name = spec.pop("signature_name", "")
    if "version" in spec:
        request.model_spec.version.value = spec["version"]
    request.inputs["x"].CopyFrom(tf.make_tensor_proto(x, tf.float32))
    return request


def error_of(call: Any, request: Any, **options: Any) -> tuple[grpc.StatusCode, str]:
    with pytest.raises(grpc.RpcError) as caught:
        call(request, **options)
    return caught.value.code(), caught.value.details()


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


def test_errors_of_the_model_are_told_without_source_files(client):
    code, text = error_of(client.prediction.Predict, predict_request([[1, -2]]))
    assert code is grpc.StatusCode.INVALID_ARGUMENT
    assert "expected no negative value" in text
    assert ".py" not in text


def test_wrong_rank_is_an_error_of_the_request_alone(client):
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
def test_what_is_not_implemented_says_so(client, method):
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


@pytest.mark.parametrize("name", ["", "ModelService", "PredictionService"])
def test_health_is_serving(client, name):
    health = health_pb2_grpc.HealthStub(client.channel)
    answer = health.Check(health_pb2.HealthCheckRequest(service=name))
    assert answer.status == health_pb2.HealthCheckResponse.SERVING


def spin_request(rounds: int) -> predict_pb2.PredictRequest:
    request = predict_pb2.PredictRequest()
    request.model_spec.name, request.model_spec.signature_name = "demo", "spin"
    request.inputs["rounds"].CopyFrom(tf.make_tensor_proto([rounds], tf.int32))
    return request


def test_deadline_ends_the_run_and_frees_its_place(running, eventually):
    server, client = running
    code, _ = error_of(client.prediction.Predict, spin_request(2**31 - 1), timeout=0.3)
    assert code is grpc.StatusCode.DEADLINE_EXCEEDED
    eventually(lambda: server.service.admission.in_work == 0)


def test_more_than_the_limit_is_refused_at_once_and_others_go_on(serve, base_path, eventually):
    server, client = serve("--model_name=demo", f"--model_base_path={base_path}", "--max_in_flight=1")
    busy = client.prediction.Predict.future(spin_request(2**31 - 1), timeout=20)
    eventually(lambda: server.service.admission.in_work == 1)
    code, text = error_of(client.prediction.Predict, predict_request([[1, 2]]))
    assert (code, text) == (
        grpc.StatusCode.RESOURCE_EXHAUSTED,
        "the server works on 1 requests already (--max_in_flight); try again later",
    )
    health = health_pb2_grpc.HealthStub(client.channel)
    assert health.Check(health_pb2.HealthCheckRequest()).status == health_pb2.HealthCheckResponse.SERVING
    busy.cancel()


def test_message_above_the_limit_is_refused(serve, base_path):
    _, client = serve("--model_name=demo", f"--model_base_path={base_path}", "--max_message_mb=1")
    code, text = error_of(client.prediction.Predict, predict_request(np.zeros([200_000, 2])))
    assert code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "larger than max" in text


def test_requests_in_work_are_finished_when_the_server_stops(serve, base_path, eventually):
    server, client = serve("--model_name=demo", f"--model_base_path={base_path}")
    slow = client.prediction.Predict.future(spin_request(300_000), timeout=60)
    eventually(lambda: server.service.admission.in_work == 1)
    stopping = threading.Thread(target=server.stop, args=(60,))
    stopping.start()
    assert list(slow.result().outputs["last"].int_val) == [300_000]
    stopping.join()
    code, _ = error_of(client.prediction.Predict, predict_request([[1, 2]]))
    assert code is grpc.StatusCode.UNAVAILABLE


def test_closed_admission_is_unavailable():
    admission = Admission(1)
    assert admission.drain(0)
    with pytest.raises(Exception, match="the server is stopping"), admission.admitted():
        pass
