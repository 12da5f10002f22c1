"""The page as its reader meets it: a real server, a real export, a real browser."""

import base64
import json
import shutil
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import grpc
import pytest
import tensorflow as tf
from google.protobuf import text_format
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel
from tensorflow_serving.apis import model_management_pb2

from models import export, zoo
from models.canonical_image import CanonicalSpec
from models.model_facts import ModelFacts
from models.transform_graph import TransformGraph

SIZE = 64
XRAYS, DICOMS = "xray/covid-chestxray/images", "dicom/pydicom"
RENDER = "/page/render/demo/1"
CONFIG = 'config {{ name: "{name}" base_path: "{base}" model_platform: "tensorflow" }}'
UPLOAD = {"Content-Type": "application/octet-stream"}
OVERLAY = "[...document.getElementById('heat').getContext('2d').getImageData(0, 0, 64, 64).data]"
TEXT = "document.getElementById('{}').innerText"
HAS_RESULT = "!document.getElementById('result').hidden && document.getElementById('busy').hidden"


@pytest.fixture(scope="module")
def model_folder(training_inputs: Any, training_maker: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a real export as version 1."""
    base = tmp_path_factory.mktemp("page") / "demo"
    model = zoo.build("compact_resnet", (SIZE, SIZE, 1), len(training_maker.CLASSES), seed=3)
    facts = ModelFacts(CanonicalSpec(SIZE, 1), training_maker.CLASSES, "float32")
    export.save(export.Served(model, TransformGraph(str(training_inputs.transform_graph)), facts), base / "1")
    return base


@pytest.fixture(scope="module")
def address(model_folder: Path, serving_here: Callable[..., Any]) -> Iterator[str]:
    """Where the page is."""
    with serving_here("--model_name=demo", f"--model_base_path={model_folder}") as (_, client):
        yield f"{client.host}:{client.rest_port}"


@pytest.fixture(scope="module")
def browser(load_test_module: Callable[[str], ModuleType], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    executable = shutil.which("chromium")
    if executable is None:
        pytest.skip("chromium is absent: apt-get install chromium")
    with load_test_module("serving/chromium.py").Chromium(executable, tmp_path_factory.mktemp("profile")) as started:
        yield started


@pytest.fixture
def opened(browser: Any, address: str) -> Any:
    """The browser with the page open and a version to ask."""
    browser.open(f"http://{address}/")
    browser.wait_for("document.getElementById('model').value")
    return browser


def ask(address: str, method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b"") -> tuple[int, str, bytes]:
    """Send a request whose headers are just these; return status, head and body."""
    host, port = address.rsplit(":", 1)
    sent = {"Host": address, "Content-Length": str(len(body)), "Connection": "close"} | (headers or {})
    lines = "".join(f"{name}: {value}\r\n" for name, value in sent.items())
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall(f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode() + body)
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
    head, _, content = received.partition(b"\r\n\r\n")
    return int(head.split()[1]), head.decode(), content


def picture(shared_data: Path, suffix: str) -> Path:
    return sorted((shared_data / XRAYS).glob(f"*{suffix}"))[0]


def probabilities(address: str, encoded: bytes) -> list[float]:
    """Ask the REST API as any client does."""
    instance = {"b64": base64.b64encode(encoded).decode()}
    body = json.dumps({"signature_name": "predict_image", "instances": [instance]}).encode()
    status, _, content = ask(address, "POST", "/v1/models/demo:predict", body=body)
    assert status == 200
    return sorted(json.loads(content)["predictions"][0]["probabilities"], reverse=True)


def shown_probabilities(browser: Any) -> list[float]:
    values = browser.evaluate("[...document.querySelectorAll('.bars .value')].map((one) => parseFloat(one.innerText))")
    return [value / 100 for value in values]


def assert_is_explained(browser: Any, address: str) -> None:
    assert browser.evaluate(TEXT.format("error")) == ""
    overlay = browser.evaluate(OVERLAY)
    assert max(overlay[3::4]) == 255
    assert len(set(overlay[3::4])) > 10
    assert browser.complaints == []
    assert {url.split("/")[2] for url in browser.requested if not url.startswith(("data:", "blob:"))} == {address}


def test_page_shows_each_version_and_its_state(opened):
    row = opened.evaluate("document.querySelector('#versions tr').innerText.split(/\\s+/)")
    assert row[:3] == ["demo", "1", "AVAILABLE"]


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_a_dropped_xray_gets_probabilities_decision_and_heat_map(opened, address, shared_data, suffix, training_maker):
    file = picture(shared_data, suffix)
    opened.drop(file, "#drop")
    opened.wait_for(HAS_RESULT)
    assert shown_probabilities(opened) == pytest.approx(probabilities(address, file.read_bytes()), abs=1e-3)
    assert opened.evaluate(TEXT.format("decision")) == opened.evaluate("document.querySelector('.decided span').innerText")
    assert opened.evaluate(TEXT.format("decision")) in training_maker.CLASSES
    assert opened.evaluate(TEXT.format("version")) == "1"
    assert_is_explained(opened, address)


def test_a_chosen_dicom_is_rendered_by_the_server_as_training_rendered_it(opened, address, shared_data):
    file = shared_data / DICOMS / "CT_small.dcm"
    opened.choose(file, "#file")
    opened.wait_for(HAS_RESULT)
    status, _, rendered = ask(address, "POST", RENDER, UPLOAD, file.read_bytes())
    assert status == 200
    assert tf.io.decode_png(rendered).shape == (128, 128, 1)
    assert shown_probabilities(opened) == pytest.approx(probabilities(address, rendered), abs=1e-3)
    assert_is_explained(opened, address)


def test_the_slider_moves_by_keyboard_and_changes_the_overlay(opened, shared_data):
    opened.drop(picture(shared_data, ".png"), "#drop")
    opened.wait_for(HAS_RESULT)
    opened.evaluate("document.getElementById('opacity').focus()")
    opened.press("Home", 36)
    assert opened.evaluate("document.getElementById('heat').style.opacity") == "0"
    opened.press("End", 35)
    assert opened.evaluate("document.getElementById('heat').style.opacity") == "1"


def test_a_file_that_is_no_image_gets_one_clear_message_and_no_old_result(opened, tmp_path, shared_data):
    opened.drop(picture(shared_data, ".png"), "#drop")
    opened.wait_for(HAS_RESULT)
    (tmp_path / "notes.txt").write_text("no image")
    opened.drop(tmp_path / "notes.txt", "#drop")
    said = opened.wait_for(TEXT.format("error"))
    assert said.startswith("the file gives no image: the file is none of PNG, JPEG, DICOM")
    assert opened.evaluate("document.getElementById('result').hidden")


def test_page_fits_a_phone_and_follows_the_dark_mode(opened, shared_data):
    opened.call("Emulation.setDeviceMetricsOverride", width=360, height=740, deviceScaleFactor=1, mobile=True)
    opened.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
    opened.drop(picture(shared_data, ".png"), "#drop")
    opened.wait_for(HAS_RESULT)
    assert opened.evaluate("document.documentElement.scrollWidth") == 360
    assert opened.evaluate("getComputedStyle(document.documentElement).backgroundColor") == "rgb(16, 20, 26)"
    opened.call("Emulation.clearDeviceMetricsOverride")
    opened.call("Emulation.setEmulatedMedia", features=[])


def test_an_export_without_explain_image_is_shown_without_heat_map(browser, address, model_folder, serving_here, shared_data):
    strip_signature(model_folder / "1", model_folder.parent / "older" / "1")
    with serving_here("--model_name=older", f"--model_base_path={model_folder.parent / 'older'}") as (_, client):
        browser.open(f"http://127.0.0.1:{client.rest_port}/")
        browser.wait_for("document.getElementById('model').value")
        browser.drop(picture(shared_data, ".png"), "#drop")
        browser.wait_for(HAS_RESULT)
        assert browser.evaluate("document.getElementById('heat').hidden")
        assert len(shown_probabilities(browser)) == 3
        assert "no explain_image signature" in browser.evaluate(TEXT.format("told"))


def strip_signature(source: Path, target: Path) -> None:
    """Copy an export without explain_image, as one from before it."""
    shutil.copytree(source, target)
    file = target / "saved_model.pb"
    saved = SavedModel.FromString(file.read_bytes())
    del saved.meta_graphs[0].signature_def["explain_image"]
    file.write_bytes(saved.SerializeToString())
    (target / "assets.extra" / "tf_serving_warmup_requests").unlink(missing_ok=True)  # they ask for it


def test_page_allows_its_own_inline_code_and_nothing_else(address):
    status, head, body = ask(address, "GET", "/")
    assert status == 200
    policy = next(line for line in head.splitlines() if line.startswith("Content-Security-Policy: "))
    assert "default-src 'none'; script-src 'sha256-" in policy
    assert "unsafe" not in policy
    assert b"http://" not in body
    assert b"https://" not in body


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},  # a name that its owner made lead here
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_another_site_can_not_use_the_page(address, headers):
    for method, path in (("GET", "/page/versions"), ("POST", RENDER)):
        status, _, body = ask(address, method, path, UPLOAD | headers, b"DICM" * 100)
        assert status == 403
        assert json.loads(body)["error"].startswith("the page is not for this request: ")


@pytest.mark.parametrize(
    ("path", "headers", "status", "text"),
    [
        (RENDER, {}, 400, "expected the bytes of a file as Content-Type application/octet-stream"),
        (RENDER, UPLOAD, 400, "the file gives no image"),
        ("/page/render/demo/2", UPLOAD, 404, "Servable not found for request: Specific(demo, 2)"),
        ("/page/render/other/1", UPLOAD, 404, "Servable not found for request: Specific(other, 1)"),
        ("/page/versions", UPLOAD, 400, "Malformed request: POST /page/versions"),
    ],
)
def test_what_can_not_be_rendered_is_one_message(address, path, headers, status, text):
    found, _, body = ask(address, "POST", path, headers, b"no image")
    assert found == status
    assert text in json.loads(body)["error"]


def test_states_are_told_with_their_reasons_and_not_counted(serve, base_path):
    _, client = serve("--model_name=demo", f"--model_base_path={base_path}", "--max_num_load_retries=0")
    address, models = f"127.0.0.1:{client.rest_port}", base_path.parent
    (models / "empty").mkdir()
    configs = "".join(CONFIG.format(name=name, base=models / name) for name in ("demo", "empty"))
    request = text_format.Parse(f"config {{ model_config_list {{ {configs} }} }}", model_management_pb2.ReloadConfigRequest())
    with pytest.raises(grpc.RpcError):  # waits for a version of the other model
        client.model.HandleReloadConfigRequest(request, timeout=0.5)
    (base_path / "2").mkdir()
    while (found := json.loads(ask(address, "GET", "/page/versions")[2])["versions"])[0]["state"] != "END":
        time.sleep(0.05)
    assert [(one["model"], one["version"], one["state"]) for one in found] == [
        *(("demo", "2", "END"), ("demo", "1", "AVAILABLE"), ("empty", "", ""))
    ]
    assert found[0]["reason"].startswith("the SavedModel does not load: ")
    assert found[2]["reason"] == "no version under its base path"
    assert b"request_count{" not in ask(address, "GET", "/monitoring/prometheus/metrics")[2]


def test_no_page_turns_page_and_endpoint_off(serve, base_path):
    _, client = serve("--model_name=demo", f"--model_base_path={base_path}", "--no_page")
    for method, path in (("GET", "/"), ("GET", "/page/versions"), ("POST", RENDER)):
        assert ask(f"127.0.0.1:{client.rest_port}", method, path, UPLOAD)[0] == 404
