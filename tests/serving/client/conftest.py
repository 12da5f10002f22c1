"""The servers of tests/serving, here with a model that answers about images."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from models.image_signature import PNG_SIGNATURE


@pytest.fixture(scope="session")
def image_model(load_test_module: Callable[[str], ModuleType]) -> ModuleType:
    """The maker of the model."""
    return load_test_module("serving/client/image_model.py")


@pytest.fixture(scope="session")
def versions(image_model: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """What the servers serve: one version."""
    return {1: image_model.save(tmp_path_factory.mktemp("image_model") / "1")}


@pytest.fixture
def address(running) -> str:
    """Where the module's server is."""
    return f"127.0.0.1:{running[0].grpc_server.port}"


@pytest.fixture(scope="session")
def images() -> list[bytes]:
    """Images that the model knows apart."""
    return [PNG_SIGNATURE + str(number).encode() for number in range(500)]
