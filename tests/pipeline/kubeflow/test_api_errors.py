import socket

import pytest

from pipeline.errors import ConfigError
from pipeline.kubeflow.api_errors import KubeflowError, NotTheApiError
from pipeline.kubeflow.connection import Connection, connect

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
