import socket
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import ConfigError
from pipeline.kubeflow.api_errors import KubeflowError, NotTheApiError
from pipeline.kubeflow.connection import Connection, connect, connection_from

TOKEN = "top-secret-token"


@pytest.mark.parametrize(
    ("status", "error", "told"),
    [
        (400, ConfigError, "answered 400 .*on demand.*Put right"),
        (401, ConfigError, "set KFP_EXISTING_TOKEN"),
        (403, ConfigError, "role kubeflow-edit"),
        (404, ConfigError, "not that of Kubeflow Pipelines"),
        (409, ConfigError, "there already"),
        (429, KubeflowError, "Try again in a minute"),
        (500, KubeflowError, "kubectl logs"),
        (503, KubeflowError, "itself failed"),
    ],
)
def test_each_status_says_what_to_do(kubeflow, api_double, status: int, error: type[Exception], told: str) -> None:
    kubeflow.failures.append(api_double.Failure("*", status))
    with pytest.raises(error, match=told) as caught:
        connect(Connection(kubeflow.host, token=TOKEN))
    assert type(caught.value) is error
    assert TOKEN not in str(caught.value)
    assert len(kubeflow.seen) == 1


def test_silent_server_is_left_after_the_timeout(kubeflow) -> None:
    kubeflow.delay = 1.0
    with pytest.raises(KubeflowError, match=r"no answer from .* in time.*--timeout"):
        connect(Connection(kubeflow.host, seconds=0.2))


def test_refused_connection_names_the_port_forward() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        host = f"http://127.0.0.1:{free.getsockname()[1]}"
        with pytest.raises(KubeflowError, match=r"can't be reached .*refused.*port-forward"):
            connect(Connection(host))


def test_plain_server_asked_over_tls_is_told(kubeflow) -> None:
    with pytest.raises(ConfigError, match=r"no secure connection.*--ca PEM"):
        connect(Connection(kubeflow.host.replace("http:", "https:")))


def test_sign_in_page_is_not_taken_for_an_answer(kubeflow, api_double) -> None:
    kubeflow.failures.append(api_double.Failure("*", 200, b"<html>Log in</html>", "text/html"))
    with pytest.raises(NotTheApiError, match=r"text/html instead of .*sign-in"):
        connect(Connection(kubeflow.host))


def test_token_of_environment_or_file_is_sent_and_never_shown(kubeflow, tmp_path: Path) -> None:
    kubeflow.token = TOKEN
    file = tmp_path / "token"
    file.write_text(TOKEN + "\n")
    settings: dict[str, Any] = {"ca": None, "seconds": 5}
    for environment, path in (
        ({"KFP_EXISTING_TOKEN": TOKEN}, None),
        ({}, file),
        ({"KF_PIPELINES_SA_TOKEN_PATH": str(file)}, None),
    ):
        connection = connection_from(environment, kubeflow.host, None, token_file=path, **settings)
        assert TOKEN not in repr(connection)
        connect(connection)


def test_host_is_asked_for_and_option_goes_before_environment() -> None:
    settings: dict[str, Any] = {"token_file": None, "ca": None, "seconds": 5}
    with pytest.raises(ConfigError, match="--host or KF_PIPELINES_ENDPOINT"):
        connection_from({}, None, None, **settings)
    environment = {"KF_PIPELINES_ENDPOINT": "kubeflow.example.org/pipeline/", "KFP_NAMESPACE": "ward"}
    assert connection_from(environment, None, None, **settings).host == "https://kubeflow.example.org/pipeline"
    chosen = connection_from(environment, "http://localhost:8080", "mine", **settings)
    assert (chosen.host, chosen.namespace) == ("http://localhost:8080", "mine")


def test_named_file_that_is_absent_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"--ca .*no such file"):
        connection_from({}, "http://h", None, token_file=None, ca=tmp_path / "none.pem", seconds=5)
