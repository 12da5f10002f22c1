"""A double of the API that is served on loopback, and small packages of kfp's own compiler."""

import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from kfp import compiler, dsl
from typer.testing import CliRunner

from pipeline.errors import MedtfxError
from pipeline.kubeflow.client_app import client_app
from pipeline.kubeflow.connection import Connection, OneLookClient, connect


@pytest.fixture(scope="session")
def api_double() -> ModuleType:
    """The module of the double; tests are no package."""
    path = Path(__file__).with_name("api_double.py")
    spec = importlib.util.spec_from_file_location("api_double", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["api_double"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def kubeflow(api_double: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An empty Kubeflow Pipelines, and no settings of this machine's user."""
    for name in ("KF_PIPELINES_ENDPOINT", "KFP_ENDPOINT", "KFP_NAMESPACE", "KFP_EXISTING_TOKEN", "KF_PIPELINES_SA_TOKEN_PATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("kfp.Client._LOCAL_KFP_CONTEXT", str(tmp_path / "no" / "context.json"))
    double = api_double.ApiDouble()
    server = api_double.started(double)
    yield double
    server.shutdown()
    server.server_close()


@pytest.fixture
def connection(kubeflow: Any) -> Connection:
    """How the double is reached."""
    return Connection(kubeflow.host, seconds=10)


@pytest.fixture
def client(connection: Connection) -> OneLookClient:
    """The real client, connected to it."""
    return connect(connection)


def packaged(path: Path, name: str = "small", word: str = "go") -> Path:
    """Write a package of one task with the parameters config, span, rate and dry."""

    @dsl.container_component
    def say(config: str, span: int) -> dsl.ContainerSpec:
        return dsl.ContainerSpec(image="busybox:1.36", command=["echo"], args=[word, config, span])

    @dsl.pipeline(name=name)
    def small(config: str, span: int = 1, rate: float = 0.5, dry: bool = False) -> None:
        say(config=config, span=span)

    compiler.Compiler().compile(small, str(path))
    return path


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package of a pipeline named small."""
    return packaged(tmp_path_factory.mktemp("package") / "package.yaml")


@pytest.fixture(scope="session")
def other_package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another package of the same pipeline."""
    return packaged(tmp_path_factory.mktemp("other") / "package.yaml", word="on")


@pytest.fixture
def config_file(tmp_path: Path) -> Path:
    """A whole configuration."""
    path = tmp_path / "my.yaml"
    path.write_text(
        "name: small\ndata:\n  manifest: /data/manifest.csv\n  classes: [ill, well]\n"
        "evaluation:\n  thresholds: [{metric: auc, at_least: 0.9}]\n"
        "gate:\n  rules: [{measure: sensitivity, label: ill, at_least: 0.8}]\n"
    )
    return path


@pytest.fixture
def asked(kubeflow: Any) -> Callable[..., str]:
    """Run a command against the double; its errors come as they are."""

    def ask(*words: object) -> str:
        result = CliRunner().invoke(client_app, [*map(str, words), "--host", kubeflow.host])
        if isinstance(result.exception, MedtfxError):
            raise result.exception
        assert result.exit_code == 0, result.output
        return result.stdout

    return ask
