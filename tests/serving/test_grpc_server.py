import threading
from typing import Any

import grpc
import numpy as np
import pytest
import tensorflow as tf
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tensorflow_serving.apis import predict_pb2


def predict_request(x: Any) -> predict_pb2.PredictRequest:
    request = predict_pb2.PredictRequest()
    request.model_spec.name = "demo"
    request.inputs["x"].CopyFrom(tf.make_tensor_proto(x, tf.float32))
    return request


@pytest.mark.parametrize("name", ["", "ModelService", "PredictionService"])
def test_health_is_serving(client, name):
    health = health_pb2_grpc.HealthStub(client.channel)
    answer = health.Check(health_pb2.HealthCheckRequest(service=name))
    assert answer.status == health_pb2.HealthCheckResponse.SERVING


def test_health_is_told_only_when_wanted(serve, base_path, error_of):
    _, client = serve("--model_name=demo", f"--model_base_path={base_path}", "--enable_grpc_healthcheck_service=false")
    code, _ = error_of(health_pb2_grpc.HealthStub(client.channel).Check, health_pb2.HealthCheckRequest())
    assert code is grpc.StatusCode.UNIMPLEMENTED


def spin_request(rounds: int) -> predict_pb2.PredictRequest:
    request = predict_pb2.PredictRequest()
    request.model_spec.name, request.model_spec.signature_name = "demo", "spin"
    request.inputs["rounds"].CopyFrom(tf.make_tensor_proto([rounds], tf.int32))
    return request


def test_deadline_ends_the_run_and_frees_its_place(running, eventually, error_of):
    server, client = running
    code, _ = error_of(client.prediction.Predict, spin_request(2**31 - 1), timeout=0.3)
    assert code is grpc.StatusCode.DEADLINE_EXCEEDED
    eventually(lambda: server.service.admission.in_work == 0)


def test_more_than_the_limit_is_refused_at_once_and_others_go_on(serve, base_path, eventually, error_of):
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


def test_message_above_the_limit_is_refused(serve, base_path, error_of):
    _, client = serve("--model_name=demo", f"--model_base_path={base_path}", "--max_message_mb=1")
    code, text = error_of(client.prediction.Predict, predict_request(np.zeros([200_000, 2])))
    assert code is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "larger than max" in text


def test_requests_in_work_are_finished_when_the_server_stops(serve, base_path, eventually, error_of):
    server, client = serve("--model_name=demo", f"--model_base_path={base_path}")
    slow = client.prediction.Predict.future(spin_request(40_000), timeout=60)
    eventually(lambda: server.service.admission.in_work == 1)
    stopping = threading.Thread(target=server.stop, args=(60,))
    stopping.start()
    assert list(slow.result().outputs["last"].int_val) == [40_000]
    stopping.join()
    code, _ = error_of(client.prediction.Predict, predict_request([[1, 2]]))
    assert code is grpc.StatusCode.UNAVAILABLE
