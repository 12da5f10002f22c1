"""Whole servers on real ports: configuration files, labels, reload, batching, TLS, versions that come and go."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
import tensorflow as tf
from google.protobuf import text_format
from tensorflow_serving.apis import get_model_status_pb2, model_management_pb2, model_pb2, predict_pb2

from bench.serving.server_process import free_port
from pipeline.errors import ConfigError, MedtfxError
from serving import model_server
from serving.flags import parse
from serving.model_info import MOST_RELOADS
from serving.saved_model import Threads, session_config

CONFIG = """model_config_list {{
  config {{ name: "demo" base_path: "{base}" model_platform: "tensorflow" {more} }}
}}"""
ALL = "model_version_policy { all {} }"


def factor(client: Any, **choice: Any) -> float:
    """Ask a model for 1 and return what it makes of it."""
    request = predict_pb2.PredictRequest()
    request.model_spec.name = choice.get("name", "demo")
    if "label" in choice:
        request.model_spec.version_label = choice["label"]
    request.inputs["x"].CopyFrom(tf.make_tensor_proto([[1, 0]], tf.float32))
    return float(client.prediction.Predict(request, wait_for_ready=True, timeout=60).outputs["y"].float_val[0])


def states(client: Any) -> dict[int, str]:
    request = get_model_status_pb2.GetModelStatusRequest()
    request.model_spec.name = "demo"
    found = client.model.GetModelStatus(request).model_version_status
    return {one.version: get_model_status_pb2.ModelVersionStatus.State.Name(one.state) for one in found}


def reload(client: Any, base: Path, more: str = "") -> None:
    request = model_management_pb2.ReloadConfigRequest()
    text_format.Parse(CONFIG.format(base=base, more=more), request.config)
    client.model.HandleReloadConfigRequest(request)


@pytest.mark.parametrize(
    ("words", "threads", "bfloat16"),
    [([], (0, 0), False), (["--mixed_precision=bfloat16", "--tensorflow_intra_op_parallelism=2"], (2, 0), True)],
)
def test_sessions_run_as_the_flags_say(serve, base_path, words, threads, bfloat16):
    server, client = serve("--model_name=demo", f"--model_base_path={base_path}", *words)
    with server.service.manager.use(model_pb2.ModelSpec(name="demo")) as lease:
        assert lease.model._session._config == session_config(Threads(*threads), bfloat16=bfloat16)
    assert factor(client) == 2


def test_a_pushed_version_takes_over_without_an_error_under_load(serve, base_path, push, eventually):
    _, client = serve("--model_name=demo", f"--model_base_path={base_path}")

    def ask_until_new() -> list[float]:
        answers = [factor(client)]
        while answers[-1] == 2:
            answers.append(factor(client))
        return answers

    with ThreadPoolExecutor(4) as pool:
        asking = [pool.submit(ask_until_new) for _ in range(4)]
        push(base_path, 2, "0002")
        answers = [future.result(60) for future in asking]
    assert all(set(one) == {2, 3} for one in answers)
    assert factor(client) == 3
    eventually(lambda: states(client) == {2: "AVAILABLE", 1: "END"})


def test_a_broken_version_ends_with_its_reason_and_the_one_before_answers(serve, base_path, push, eventually):
    flags = ("--max_num_load_retries=1", "--load_retry_interval_micros=1000")
    _, client = serve("--model_name=demo", f"--model_base_path={base_path}", *flags)
    (push(base_path, 2) / "saved_model.pb").unlink()
    eventually(lambda: states(client) == {2: "END", 1: "AVAILABLE"})
    request = get_model_status_pb2.GetModelStatusRequest()
    request.model_spec.name = "demo"
    reason = client.model.GetModelStatus(request).model_version_status[0].status.error_message
    assert reason.startswith("the SavedModel does not load: ")
    assert str(base_path) not in reason
    assert factor(client) == 2


def test_labels_are_moved_by_a_reload(serve, base_path, push, tmp_path):
    push(base_path, 2)
    config = tmp_path / "models.txt"
    config.write_text(CONFIG.format(base=base_path, more=ALL))
    server, client = serve(f"--model_config_file={config}")
    server.service.manager.poll()
    for number in (1, 2):
        reload(client, base_path, f'{ALL} version_labels {{ key: "stable" value: {number} }}')
        assert factor(client, label="stable") == number + 1
    with pytest.raises(grpc.RpcError, match="Request to assign label to version 7 of model demo"):
        reload(client, base_path, f'{ALL} version_labels {{ key: "stable" value: 7 }}')


def test_a_reload_opens_no_folder_elsewhere(serve, base_path):
    _, client = serve("--model_name=demo", f"--model_base_path={base_path}")
    with pytest.raises(grpc.RpcError) as caught:
        reload(client, Path("/etc/models"))
    assert caught.value.code() is grpc.StatusCode.PERMISSION_DENIED


def test_a_changed_configuration_file_is_followed(serve, base_path, push, tmp_path, eventually, caplog):
    push(base_path, 2)
    config = tmp_path / "models.txt"
    config.write_text(CONFIG.format(base=base_path, more="model_version_policy { specific { versions: 1 } }"))
    _, client = serve(f"--model_config_file={config}", "--model_config_file_poll_wait_seconds=1")
    assert factor(client) == 2
    with caplog.at_level("ERROR", "serving"):
        config.write_text(CONFIG.format(base="secret/place", more=""))
        eventually(lambda: "the configuration file was not taken: Expected model demo to have an absolute path" in caplog.text)
    assert "secret" not in caplog.text
    assert factor(client) == 2
    config.write_text(CONFIG.format(base=base_path, more=""))
    eventually(lambda: factor(client) == 3)


def test_a_configuration_file_is_followed_past_a_model_without_versions(serve, base_path, push, tmp_path, eventually):
    push(base_path, 2)
    config, empty = tmp_path / "models.txt", tmp_path / "models" / "empty"
    empty.mkdir()
    text = CONFIG.format(base=base_path, more="model_version_policy { specific { versions: 1 } }")
    config.write_text(text)
    server, client = serve(f"--model_config_file={config}", "--model_config_file_poll_wait_seconds=1")
    more = f'config {{ name: "empty" base_path: "{empty}" model_platform: "tensorflow" }}'
    config.write_text(text.replace("model_config_list {", f"model_config_list {{ {more}"))
    eventually(lambda: set(server.service.manager.names) == {"demo", "empty"})
    config.write_text(CONFIG.format(base=base_path, more=""))
    eventually(lambda: factor(client) == 3)


def test_reloads_that_wait_for_ever_take_no_more_than_a_few_threads(serve, base_path):
    _, client = serve("--model_name=demo", f"--model_base_path={base_path}")
    waiting = []
    for number in range(MOST_RELOADS + 1):
        request, text = model_management_pb2.ReloadConfigRequest(), CONFIG.format(base=base_path.parent / "absent", more="")
        text_format.Parse(text.replace("demo", f"absent {number}"), request.config)
        waiting.append(client.model.HandleReloadConfigRequest.future(request, timeout=2))
    codes = sorted(call.code().name for call in waiting)
    assert codes == ["DEADLINE_EXCEEDED"] * MOST_RELOADS + ["RESOURCE_EXHAUSTED"]


def test_batched_answers_are_those_of_single_requests(serve, base_path, tmp_path):
    parameters = tmp_path / "batching.txt"
    parameters.write_text("max_batch_size { value: 16 } batch_timeout_micros { value: 5000 } num_batch_threads { value: 1 }")
    _, client = serve(
        "--model_name=demo", f"--model_base_path={base_path}", "--enable_batching", f"--batching_parameters_file={parameters}"
    )
    calls = []
    for row in range(32):
        request = predict_pb2.PredictRequest()
        request.model_spec.name = "demo"
        request.inputs["x"].CopyFrom(tf.make_tensor_proto([[row, 1]], tf.float32))
        calls.append(client.prediction.Predict.future(request))
    for row, call in enumerate(calls):
        np.testing.assert_array_equal(tf.make_ndarray(call.result().outputs["y"]), [[2 * row, 2]])


@pytest.mark.parametrize("verify", [False, True])
def test_tls_asks_for_a_client_certificate_only_when_told_to(serve, base_path, certificates, ssl_config, tmp_path, verify):
    config = tmp_path / "ssl.txt"
    config.write_text(ssl_config(certificates, verify=verify))
    server, _ = serve("--model_name=demo", f"--model_base_path={base_path}", f"--ssl_config_file={config}")
    address = f"localhost:{server.grpc_server.port}"
    read = {name: (certificates / name).read_bytes() for name in ("ca.crt", "client.key", "client.crt")}
    known = grpc.ssl_channel_credentials(read["ca.crt"], read["client.key"], read["client.crt"])
    anonymous = grpc.ssl_channel_credentials(read["ca.crt"])
    for credentials, is_served in ((known, True), (anonymous, not verify)):
        with grpc.secure_channel(address, credentials) as channel:
            answers = True
            try:
                grpc.channel_ready_future(channel).result(5 if is_served else 1)
            except grpc.FutureTimeoutError:
                answers = False
            assert answers is is_served


def refusal(*words: str) -> str:
    with pytest.raises(MedtfxError) as caught:
        model_server.start(parse(words))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_port_that_is_taken_is_named(serve, base_path):
    server, client = serve("--model_name=demo", f"--model_base_path={base_path}")
    model = f"--model_base_path={base_path}"
    assert refusal(model, f"--port={server.grpc_server.port}").startswith("--port: can't listen on 127.0.0.1:")
    words = (model, f"--port={free_port()}", f"--rest_api_port={client.rest_port}")
    assert refusal(*words).startswith("--rest_api_port: can't listen on 127.0.0.1:")


def test_a_model_that_does_not_load_is_the_reason_not_to_start(base_path):
    (base_path / "1" / "saved_model.pb").unlink()
    text = refusal("--model_name=demo", f"--model_base_path={base_path}", "--max_num_load_retries=0")
    assert text.startswith("1 model(s) did not become available: {{{name: demo version: 1} due to error: ")
    assert str(base_path) not in text


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ("model_platform: 1", "--model_config_file: line"),
        ('version_labels { key: "stable" value: 1 }', "--model_config_file: Request to assign label to version 1"),
    ],
)
def test_a_configuration_that_is_not_allowed_is_named(base_path, tmp_path, more, text):
    config = tmp_path / "models.txt"
    config.write_text(CONFIG.format(base=base_path, more=more))
    assert refusal(f"--model_config_file={config}").startswith(text)


def test_a_wish_for_a_log_of_requests_is_not_passed_over_in_silence(base_path, tmp_path, caplog):
    config = tmp_path / "models.txt"
    config.write_text(CONFIG.format(base=base_path, more="logging_config { sampling_config { sampling_rate: 1 } }"))
    assert [one.name for one in model_server.start_configs(parse([f"--model_config_file={config}"]))] == ["demo"]
    assert "logging_config of demo is left out: this server logs no requests" in caplog.text


def test_a_relative_path_in_a_configuration_is_named(tmp_path):
    config = tmp_path / "models.txt"
    config.write_text(CONFIG.format(base="models/demo", more=""))
    assert "Expected model demo to have an absolute path" in refusal(f"--model_config_file={config}")


def test_keys_that_are_none_are_named(base_path, tmp_path):
    (tmp_path / "ssl.txt").write_text('server_key: "k" server_cert: "c"')
    text = refusal(f"--model_base_path={base_path}", f"--ssl_config_file={tmp_path / 'ssl.txt'}", f"--port={free_port()}")
    assert "server_key and server_cert of --ssl_config_file must be the PEM texts of one pair" in text


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "server_key and server_cert are needed"),
        ('server_key: "k" server_cert: "c" client_verify: true', "client_verify needs custom_ca"),
    ],
)
def test_an_incomplete_ssl_config_is_named(tmp_path, text, message):
    (tmp_path / "ssl.txt").write_text(text)
    with pytest.raises(ConfigError, match=message):
        model_server.server_credentials(tmp_path / "ssl.txt")


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("", ""),
        ("prometheus_config { enable: true }", "/monitoring/prometheus/metrics"),
        ('prometheus_config { enable: true path: "/m" }', "/m"),
    ],
)
def test_monitoring_config_moves_the_metrics_or_takes_them_away(tmp_path, text, path):
    (tmp_path / "monitoring.txt").write_text(text)
    assert model_server.metrics_path_of(tmp_path / "monitoring.txt") == path
