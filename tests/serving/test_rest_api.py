import json
import urllib.error
import urllib.request
from typing import Any

import pytest

from serving.rest_api import RestApi


def ask(client: Any, path: str, body: Any = None) -> tuple[int, Any]:
    data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"http://{client.host}:{client.rest_port}{path}", data)
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            status, content = response.status, response.read()
    except urllib.error.HTTPError as error:
        status, content = error.code, error.read()
    return status, json.loads(content) if content.startswith(b"{") else content.decode()


@pytest.mark.parametrize("path", ["/v1/models/demo", "/v1/models/demo/versions/1", "/V1/MODELS/demo/versions/001"])
def test_predict_in_rows(client, path):
    status, answer = ask(client, f"{path}:predict", {"instances": [[1, 2]]})
    assert (status, answer) == (200, {"predictions": [{"y": [2.0, 4.0], "total": 6.0}]})


def test_predict_in_columns(client):
    status, answer = ask(client, "/v1/models/demo:predict", {"inputs": {"x": [[1, 2]]}})
    assert (status, answer) == (200, {"outputs": {"y": [[2.0, 4.0]], "total": [6.0]}})


def test_bytes_go_in_and_come_out_as_base64(client):
    body = {"signature_name": "measure", "instances": [{"b64": "AP8="}]}
    _, answer = ask(client, "/v1/models/demo:predict", body)
    assert answer["predictions"][0]["copy_bytes"] == {"b64": "AP8="}


def test_classify(client):
    status, answer = ask(client, "/v1/models/demo:classify", {"signature_name": "classify", "examples": [{"x": 0.25}]})
    assert (status, answer) == (200, {"results": [[["cat", 0.25], ["dog", 0.75]]]})


def test_status(client):
    version = {"version": "1", "state": "AVAILABLE", "status": {"error_code": "OK", "error_message": ""}}
    assert ask(client, "/v1/models/demo") == (200, {"model_version_status": [version]})


def test_metadata_names_shape_and_type(client):
    status, answer = ask(client, "/v1/models/demo/metadata")
    x = answer["metadata"]["signature_def"]["signature_def"]["serving_default"]["inputs"]["x"]
    assert (status, x["dtype"], [dim["size"] for dim in x["tensor_shape"]["dim"]]) == (200, "DT_FLOAT", ["-1", "2"])


@pytest.mark.parametrize(
    ("path", "body", "status", "text"),
    [
        ("/v1/models/other:predict", {"instances": [1]}, 404, "Servable not found for request: Latest(other)"),
        ("/v1/models/demo/versions/9:predict", {"instances": [1]}, 404, "Servable not found for request: Specific(demo, 9)"),
        ("/v1/models/demo/labels/new:predict", {"instances": [1]}, 400, "Unrecognized servable version label: new"),
        (f"/v1/models/demo/versions/{2**63}:predict", {}, 400, f"Failed to convert version: {2**63} to numeric."),
        ("/v1/models/%ff:predict", {}, 400, "Failed to decode model name:%ff"),
        ("/v1/models/demo:predict", b"", 400, "JSON Parse error: The document is empty"),
        (
            "/v1/models/demo:predict",
            b'{"instances": ["\\ud800"], "signature_name": "measure"}',
            400,
            "JSON Parse error: The surrogate pair",
        ),
        ("/v1/models/demo:predict", {"signature_name": "s"}, 400, 'Serving signature name: "s" not found in signature def'),
        ("/v1/models/demo:predict", {"instances": [[1, 2, 3]]}, 400, "input x has shape [1,3]; expected [?,2]"),
        ("/v1/models/demo:predict", {"instances": [[1, 2]] * 101}, 400, "input x has a batch of 101; expected at most 100"),
        ("/v1/models/demo:regress", {}, 501, "regress is not implemented"),
        ("/v1/models/demo:explain", {}, 400, "Malformed request: POST /v1/models/demo:explain"),
        ("/v1/models/demo/versions/9", None, 404, "Could not find version 9 of model demo"),
        ("/v1/models/other", None, 404, "Could not find any versions of model other"),
        ("/v1/models", None, 400, "Missing model name in request."),
        ("/v1/models/metadata/metadata", None, 404, "Servable not found for request: Latest(metadata)"),
        ("/v1/other", None, 400, "Malformed request: GET /v1/other"),
        ("/elsewhere", None, 404, "Not Found"),
    ],
)
def test_errors_have_tf_servings_status_and_text(client, path, body, status, text):
    found, answer = ask(client, path, body)
    assert found == status
    assert answer["error"].startswith(text)


def test_metrics_count_requests_by_status_and_hide_unknown_names(client):
    for body in ({"instances": [[1, 2]]}, b"no JSON"):
        ask(client, "/v1/models/demo:predict", body)
    ask(client, "/v1/models/Jane%20Doe:predict", {"instances": [1]})
    status, page = ask(client, "/monitoring/prometheus/metrics")
    assert status == 200
    assert ':tensorflow:serving:request_count{model_name="demo",status="OK"}' in page
    assert ':tensorflow:serving:request_count{model_name="demo",status="INVALID_ARGUMENT"}' in page
    assert ':tensorflow:serving:runtime_latency_count{model_name="demo",API="Predict",runtime="TF1"}' in page
    assert "Jane" not in page


def test_every_request_to_the_api_is_counted_as_tf_serving_counts_it(running, client):
    for path in ("/v1/models/demo", "/v1/models/demo/metadata", "/v1/models/Jane%20Doe"):
        ask(client, path)
    page = running[0].service.metrics.page()
    assert ':tensorflow:serving:request_latency_count{model_name="demo",API="",entrypoint="REST"} ' in page
    assert ':tensorflow:serving:request_count{model_name="unknown",status="NOT_FOUND"} ' in page
    assert "Jane" not in page


def test_metrics_have_one_path(client):
    status, text = ask(client, "/monitoring/prometheus/metrics?a=1")
    assert (status, text) == (
        400,
        "Unexpected path: /monitoring/prometheus/metrics?a=1. Should be /monitoring/prometheus/metrics",
    )


def test_metadata_is_written_as_tf_serving_writes_it(client):
    _, answer = ask(client, "/v1/models/demo/metadata")
    assert answer["model_spec"] == {"name": "demo", "signature_name": "", "version": "1"}
    signature = answer["metadata"]["signature_def"]["signature_def"]["classify"]
    dims = [{"size": "-1", "name": ""}]
    tensor = {"name": "classify_inputs:0", "dtype": "DT_STRING", "tensor_shape": {"dim": dims, "unknown_rank": False}}
    assert signature["inputs"] == {"inputs": tensor}
    assert (signature["method_name"], signature["defaults"]) == ("tensorflow/serving/predict", {})


@pytest.mark.parametrize("has_cors", [False, True])
def test_other_sites_may_read_answers_only_when_told(running, has_cors):
    api = RestApi(running[0].service, has_cors=has_cors)
    for reply in (api.reply("GET", "/v1/models/demo", b""), api.reply("OPTIONS", "/v1/x", b"", origin="https://a")):
        assert reply.status == 200
        assert reply.headers.get("Access-Control-Allow-Origin", "") == ("*" if has_cors else "")


def test_raw_bytes_over_grpc_are_numbers_over_rest(serve, base_path):
    _, client = serve("--model_name=demo", f"--model_base_path={base_path}", "--enable_serialization_as_tensor_content")
    _, answer = ask(client, "/v1/models/demo:predict", {"instances": [[1, 2]]})
    assert answer == {"predictions": [{"y": [2.0, 4.0], "total": 6.0}]}
