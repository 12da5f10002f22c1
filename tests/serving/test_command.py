"""`medtfx serve` as a user runs it: a process that survives what it is sent, says little, and drains when it is told to stop."""

import subprocess
import sys
from pathlib import Path

import grpc
import pytest
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2

from bench.serving.fuzz import ask
from bench.serving.spoiled_requests import KINDS, PATHS, SECRET, Target, is_alive, predict_request, rest_status

CALLS = 200  # of each kind; bench/serving/fuzz.py makes more


@pytest.mark.parametrize("kind", KINDS)
def test_spoiled_requests_get_proper_codes_and_the_server_lives(process, process_client, kind):
    target = Target(process_client.channel, process.ports)
    answers = ask(target, kind, CALLS)
    assert answers.improper == []
    assert answers.codes.total() == CALLS
    assert is_alive(target)


def test_a_deeply_nested_body_is_refused(process, process_client):
    target = Target(process_client.channel, process.ports)
    assert rest_status(target, PATHS[0], b'{"instances": ' + b"[" * 1_000_000) == "400"


def test_the_log_names_models_and_nothing_of_requests_or_folders(process, process_client):
    request = predict_request()
    request.model_spec.name = SECRET
    with pytest.raises(grpc.RpcError):
        process_client.prediction.Predict(request)
    target = Target(process_client.channel, process.ports)
    rest_status(target, f"/v1/models/{SECRET}:predict".replace("^", "%5E"), b'{"inputs": "' + SECRET.encode() + b'"}')
    assert "model demo, version 1: AVAILABLE" in process.said
    assert "ready" in process.said
    for word in ("Doe", str(process.base_path), "Traceback"):
        assert word not in process.said


def test_sigterm_finishes_what_is_in_work_and_ends_with_0(process, process_client, eventually):
    spin = predict_pb2.PredictRequest()
    spin.model_spec.name, spin.model_spec.signature_name = "demo", "spin"
    spin.inputs["rounds"].CopyFrom(tf.make_tensor_proto([60_000], tf.int32))
    slow = process_client.prediction.Predict.future(spin, timeout=120)
    assert is_alive(Target(process_client.channel, process.ports))  # and so the slow one has arrived
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
