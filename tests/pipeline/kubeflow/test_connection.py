from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import ConfigError
from pipeline.kubeflow.connection import connect, connection_from

TOKEN = "top-secret-token"


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
