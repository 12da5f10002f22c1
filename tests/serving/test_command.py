"""`medtfx serve` as a user runs it: a process that survives what it is sent, says little, and drains when it is told to stop."""

import json
import random
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import grpc
import pytest
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2

SECRET = "Doe^Jane-19400203"
CALLS = 300  # of each kind; all answers must be proper, and the server must live
SERVICES = {"Predict": "Prediction", "Classify": "Prediction", "GetModelMetadata": "Prediction", "GetModelStatus": "Model"}


def predict_request(value: float = 1.0) -> predict_pb2.PredictRequest:
    request = predict_pb2.PredictRequest()
    request.model_spec.name = "demo"
    request.inputs["x"].CopyFrom(tf.make_tensor_proto([[value, 2]], tf.float32))
    return request


def alive(client: Any) -> bool:
    return list(client.prediction.Predict(predict_request(), timeout=60).outputs["total"].float_val) == [6.0]


def spoiled(content: bytes, chance: random.Random) -> bytes:
    """Change, cut or repeat some bytes."""
    changed = bytearray(content)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(changed) + 1)
        kind = chance.choice(["put", "cut", "add"])
        if kind == "put" and at < len(changed):
            changed[at] = chance.randrange(256)
        elif kind == "cut":
            del changed[at : at + chance.randint(1, 8)]
        else:
            changed[at:at] = chance.randbytes(chance.randint(1, 8))
    return bytes(changed)


def test_spoiled_messages_get_proper_codes(process, process_client):
    chance = random.Random(1)
    content = predict_request().SerializeToString()
    for _ in range(CALLS):
        method = chance.choice(list(SERVICES))
        call = process_client.channel.unary_unary(f"/tensorflow.serving.{SERVICES[method]}Service/{method}")
        try:
            call(spoiled(content, chance), timeout=60)
        except grpc.RpcError as error:
            assert error.code() not in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.UNKNOWN, grpc.StatusCode.DEADLINE_EXCEEDED)
            assert "internal error" not in error.details()
    assert alive(process_client)


def random_tensor(chance: random.Random) -> Any:
    """A tensor of any type and shape, with any number of values."""
    tensor = tf.make_tensor_proto([1.0])
    tensor.dtype = chance.randrange(24)
    tensor.ClearField("tensor_shape")
    sizes = [chance.choice([0, 1, 2, 3, -1, 2**40]) for _ in range(chance.randrange(4))]
    for size in sizes:
        tensor.tensor_shape.dim.add().size = size
    tensor.tensor_content = chance.randbytes(chance.choice([0, 0, 4, 8, 24]))
    tensor.float_val.extend([1.0] * chance.randrange(5))
    tensor.string_val.extend(
        [chance.choice([b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xc0", SECRET.encode()])] * chance.randrange(4)
    )
    return tensor


def test_random_tensors_get_proper_codes(process, process_client):
    chance = random.Random(2)
    for _ in range(CALLS):
        request = predict_pb2.PredictRequest()
        request.model_spec.name = "demo"
        name, request.model_spec.signature_name = chance.choice(
            [("x", ""), ("image", "measure"), ("x", "summed"), ("a", "two"), ("inputs", "classify")]
        )
        request.inputs[name].CopyFrom(random_tensor(chance))
        if name == "a":
            request.inputs["b"].CopyFrom(random_tensor(chance))
        try:
            process_client.prediction.Predict(request, timeout=60)
        except grpc.RpcError as error:
            assert error.code() is grpc.StatusCode.INVALID_ARGUMENT, error
    assert alive(process_client)


def rest_status(client: Any, path: str, body: bytes) -> int:
    try:
        with urllib.request.urlopen(f"http://{client.host}:{client.rest_port}{path}", body, timeout=60) as response:
            json.load(response)
            return int(response.status)
    except urllib.error.HTTPError as error:
        assert set(json.load(error)) == {"error"}
        return error.code


def test_spoiled_bodies_get_proper_statuses(process, process_client):
    chance = random.Random(3)
    bodies = [
        {"instances": [[1, 2], [3, 4]]},
        {"signature_name": "measure", "inputs": {"image": [{"b64": "AP8="}, SECRET]}},
        {"signature_name": "classify", "examples": [{"x": [0.25], "name": SECRET}]},
    ]
    for _ in range(CALLS):
        path = chance.choice(["/v1/models/demo:predict", "/v1/models/demo:classify"])
        status = rest_status(process_client, path, spoiled(json.dumps(chance.choice(bodies)).encode(), chance))
        assert status in (200, 400, 404)
    assert rest_status(process_client, "/v1/models/demo:predict", b'{"instances": ' + b"[" * 1_000_000) == 400
    assert alive(process_client)


def test_the_log_names_models_and_nothing_of_requests_or_folders(process, process_client):
    request = predict_request()
    request.model_spec.name = SECRET
    with pytest.raises(grpc.RpcError):
        process_client.prediction.Predict(request)
    rest_status(process_client, f"/v1/models/{SECRET}:predict".replace("^", "%5E"), b'{"inputs": "' + SECRET.encode() + b'"}')
    assert "model demo, version 1: AVAILABLE" in process.said
    assert "ready" in process.said
    for word in ("Doe", str(process.base_path), "Traceback"):
        assert word not in process.said


def test_sigterm_finishes_what_is_in_work_and_ends_with_0(process, process_client, eventually):
    spin = predict_pb2.PredictRequest()
    spin.model_spec.name, spin.model_spec.signature_name = "demo", "spin"
    spin.inputs["rounds"].CopyFrom(tf.make_tensor_proto([60_000], tf.int32))
    slow = process_client.prediction.Predict.future(spin, timeout=120)
    assert alive(process_client)  # and so the slow one has arrived
    assert process.end() == 0
    assert list(slow.result().outputs["last"].int_val) == [60_000]
    assert process.said.rstrip().endswith("stopped")


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--port=1x"], "medtfx: serve: argument --port: '1x' is no whole number from 1 to 65535"),
        ([], "medtfx: serve: name the model with --model_base_path DIR"),
    ],
)
def test_a_mistake_on_the_command_line_is_one_message_and_exit_code_2(words, text):
    medtfx = Path(sys.executable).with_name("medtfx")
    done = subprocess.run([medtfx, "serve", *words], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(text)
    assert done.stderr.count("\n") == 1
