from pathlib import Path

import pytest
from google.protobuf import text_format
from tensorflow_serving.apis import get_model_metadata_pb2, get_model_status_pb2, model_management_pb2

from serving import model_info
from serving.model_config import ModelConfig
from serving.serving_error import ServingError


def request(kind, text):
    return text_format.Parse(text, kind())


def test_metadata_holds_the_signatures_of_the_version(running):
    asked = request(get_model_metadata_pb2.GetModelMetadataRequest, 'model_spec { name: "demo" } metadata_field: "signature_def"')
    response = model_info.metadata(running[0].service.manager, asked)
    found = get_model_metadata_pb2.SignatureDefMap()
    response.metadata["signature_def"].Unpack(found)
    assert found.signature_def["two"].outputs["b"].dtype == found.signature_def["two"].inputs["b"].dtype
    assert (response.model_spec.name, response.model_spec.version.value) == ("demo", 1)


def test_metadata_of_an_unknown_model_is_not_found(running):
    asked = request(get_model_metadata_pb2.GetModelMetadataRequest, 'model_spec { name: "a" } metadata_field: "signature_def"')
    with pytest.raises(ServingError, match=r"Servable not found for request: Latest\(a\)"):
        model_info.metadata(running[0].service.manager, asked)


def test_status_tells_why_a_version_ended(serve, base_path):
    server, _ = serve("--model_name=demo", f"--model_base_path={base_path}", "--max_num_load_retries=0")
    (base_path / "2").mkdir()
    server.service.manager.poll()
    asked = request(get_model_status_pb2.GetModelStatusRequest, 'model_spec { name: "demo" }')
    newest, before = model_info.status(server.service.manager, asked).model_version_status
    assert (newest.version, newest.state, before.state) == (2, 50, 30)
    assert newest.status.error_message.startswith("the SavedModel does not load: ")


def test_a_new_model_is_awaited_and_one_that_is_no_longer_named_goes(serve, base_path, push):
    server, _ = serve("--model_name=demo", f"--model_base_path={base_path}", "--max_num_load_retries=0")
    other = base_path.parent / "other"
    other.mkdir()
    push(other, 2)
    config = f'config {{ model_config_list {{ config {{ name: "other" base_path: "{other}" model_platform: "tensorflow" }} }} }}'
    reloading = model_info.Reloading(server.service.manager, (ModelConfig("demo", Path(base_path)),))
    reloading.from_request(request(model_management_pb2.ReloadConfigRequest, config), None)
    assert [version.state.name for version in server.service.manager.versions("other")] == ["AVAILABLE"]
    assert [version.state.name for version in server.service.manager.versions("demo")] == ["END"]
    assert server.service.manager.names == ["other"]
