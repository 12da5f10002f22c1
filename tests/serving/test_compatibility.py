"""Vectors that hold for TF Serving and for `medtfx serve`: TENSORFLOW_MODEL_SERVER=<binary> runs them against the former."""

import gzip
import json
import re
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import grpc
import pytest
import yaml
from google.protobuf import text_format
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_management_pb2,
    predict_pb2,
)

VECTORS = yaml.safe_load((Path(__file__).parent / "compatibility.yaml").read_text())
MESSAGES = {
    "Predict": (predict_pb2.PredictRequest, predict_pb2.PredictResponse),
    "Classify": (classification_pb2.ClassificationRequest, classification_pb2.ClassificationResponse),
    "GetModelMetadata": (get_model_metadata_pb2.GetModelMetadataRequest, get_model_metadata_pb2.GetModelMetadataResponse),
    "GetModelStatus": (get_model_status_pb2.GetModelStatusRequest, get_model_status_pb2.GetModelStatusResponse),
    "HandleReloadConfigRequest": (model_management_pb2.ReloadConfigRequest, model_management_pb2.ReloadConfigResponse),
}


def named(vectors: list[dict[str, Any]]) -> Any:
    return pytest.mark.parametrize("vector", vectors, ids=[vector["name"] for vector in vectors])


def call(client: Any, name: str, request: Any) -> Any:
    return getattr(client.model if hasattr(client.model, name) else client.prediction, name)(request, timeout=60)


@named(VECTORS["grpc"])
def test_grpc(process_client, vector):
    request_type, response_type = MESSAGES[vector["call"]]
    request = text_format.Parse(vector["request"], request_type())
    if "code" not in vector:
        assert call(process_client, vector["call"], request) == text_format.Parse(vector["response"], response_type())
        return
    with pytest.raises(grpc.RpcError) as caught:
        call(process_client, vector["call"], request)
    assert caught.value.code().name == vector["code"]
    assert re.fullmatch(vector["text"], caught.value.details().splitlines()[0])


def fetch(client: Any, vector: dict[str, Any]) -> tuple[int, Any]:
    request = urllib.request.Request(f"http://{client.host}:{client.rest_port}{vector['path']}", method=vector.get("method"))
    for name, value in vector.get("headers", {}).items():
        request.add_header(name, value)
    if "body" in vector:
        body = vector["body"].encode()
        if vector.get("packed"):
            request.add_header("Content-Encoding", "gzip")
            body = gzip.compress(body)
        request.data = iter([body[:5], body[5:]]) if vector.get("chunked") else body
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.status, content_of(response)
    except urllib.error.HTTPError as error:
        return error.code, content_of(error)


def content_of(response: Any) -> Any:
    content = response.read()
    return json.loads(content) if content else None


@named(VECTORS["rest"])
def test_rest(process_client, vector):
    status, answer = fetch(process_client, vector)
    assert status == vector.get("status", 200)
    if "answer" in vector:
        assert answer == vector["answer"]
    else:
        assert re.fullmatch(vector["text"], answer["error"], re.DOTALL)


def factor(client: Any, **choice: Any) -> float:
    """Ask for 1 and return what the model makes of it: version + 1."""
    version = f'version_label: "{choice["label"]}"' if "label" in choice else ""
    tensor = "dtype: DT_FLOAT tensor_shape { dim { size: 1 } dim { size: 2 } } float_val: 1"
    text = f'model_spec {{ name: "demo" {version} }} inputs {{ key: "x" value {{ {tensor} }} }}'
    return float(client.prediction.Predict(text_format.Parse(text, predict_pb2.PredictRequest())).outputs["y"].float_val[0])


def states(client: Any) -> list[tuple[int, str]]:
    request = text_format.Parse('model_spec { name: "demo" }', get_model_status_pb2.GetModelStatusRequest())
    name = get_model_status_pb2.ModelVersionStatus.State.Name
    return [(one.version, name(one.state)) for one in client.model.GetModelStatus(request).model_version_status]


def reload(client: Any, base: Path, more: str) -> None:
    model = f'name: "demo" base_path: "{base}" model_platform: "tensorflow" model_version_policy {{ all {{}} }} {more}'
    text = f"config {{ model_config_list {{ config {{ {model} }} }} }}"
    client.model.HandleReloadConfigRequest(text_format.Parse(text, model_management_pb2.ReloadConfigRequest()))


def test_versions_labels_and_failed_loads(process, process_client, push, eventually):
    client, base = process_client, process.base_path
    reload(client, base, "")
    push(base, 2)
    eventually(lambda: factor(client) == 3)
    assert states(client) == [(2, "AVAILABLE"), (1, "AVAILABLE")]
    for number in (1, 2):
        reload(client, base, f'version_labels {{ key: "stable" value: {number} }}')
        assert factor(client, label="stable") == number + 1
    with pytest.raises(grpc.RpcError) as caught:
        reload(client, base, 'version_labels { key: "stable" value: 7 }')
    assert caught.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert caught.value.details() == (
        "Request to assign label to version 7 of model demo, which is not currently available for inference"
    )
    (base / ".3").mkdir()
    (base / ".3").rename(base / "3")
    eventually(lambda: states(client)[0] == (3, "END"))
    assert factor(client) == 3
