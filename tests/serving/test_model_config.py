from pathlib import Path

import pytest
from google.protobuf import text_format
from tensorflow_serving.config import model_server_config_pb2

from serving.model_config import ModelConfig, check_reachable, configs_of
from serving.serving_error import ServingError
from serving.version_policy import VersionPolicy


def configs(*entries):
    listed = " ".join(f"config {{ {entry} }}" for entry in entries)
    return configs_of(text_format.Parse(f"model_config_list {{ {listed} }}", model_server_config_pb2.ModelServerConfig()))


DEMO = 'name: "demo" base_path: "/models/demo" model_platform: "tensorflow"'


@pytest.mark.parametrize(
    ("more", "policy"),
    [
        ("", VersionPolicy()),
        ("model_version_policy { latest { num_versions: 2 } }", VersionPolicy(latest=2)),
        ("model_version_policy { all {} }", VersionPolicy("all")),
        ("model_version_policy { specific { versions: [3, 4] } }", VersionPolicy("specific", versions=frozenset({3, 4}))),
    ],
)
def test_policies_are_read(more, policy):
    (config,) = configs(f'{DEMO} {more} version_labels {{ key: "stable" value: 3 }}')
    assert config == ModelConfig("demo", Path("/models/demo"), policy, {"stable": 3})


@pytest.mark.parametrize(
    ("entries", "text"),
    [
        ([DEMO, DEMO], "Illegal to list model demo multiple times in config list"),
        ([DEMO.replace("/models", "models")], "Expected model demo to have an absolute path or URI; got base_path"),
        ([DEMO.replace("tensorflow", "onnx")], "Model demo requests unsupported platform onnx"),
        ([f"{DEMO} model_type: TENSORFLOW"], "Illegal setting both ModelServerConfig::model_type"),
        (['name: "demo" base_path: "/models/demo" model_type: OTHER'], "model_type choice 2 not supported"),
        ([DEMO.replace('model_platform: "tensorflow"', "")], "Illegal setting neither ModelServerConfig::model_type"),
    ],
)
def test_what_is_not_allowed_is_named_as_tf_serving_does(entries, text):
    with pytest.raises(ServingError, match=text):
        configs(*entries)


def test_the_platform_may_be_told_the_old_way():
    assert configs(DEMO.replace('model_platform: "tensorflow"', "model_type: TENSORFLOW")) == configs(DEMO)


def test_an_empty_configuration_is_refused():
    with pytest.raises(ServingError, match="Only ModelConfigList is currently supported"):
        configs_of(model_server_config_pb2.ModelServerConfig())


def test_a_client_reaches_folders_beside_the_served_ones_only(tmp_path):
    start = [ModelConfig("demo", tmp_path / "models" / "demo")]
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "link").symlink_to("/etc")
    check_reachable([ModelConfig("other", tmp_path / "models" / "other")], start)
    for path in ("elsewhere", "models/../elsewhere", "models/demo/1", "models/link"):
        with pytest.raises(ServingError, match="the base path of model other lies in no folder"):
            check_reachable([ModelConfig("other", tmp_path / path)], start)
