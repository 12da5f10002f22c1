from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from components.infra_validator import standby
from components.infra_validator.settings import InfraSettings
from models.training import run_fn


@pytest.fixture(scope="session")
def good_export(training_inputs: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export of a quickly trained model."""
    fn_args = training_inputs.fn_args(tmp_path_factory.mktemp("trained") / "outputs", steps=4, model="article_cnn")
    run_fn(fn_args)
    return Path(fn_args.serving_model_dir)


@pytest.fixture
def settings(tmp_path: Path) -> InfraSettings:
    return InfraSettings(work_dir=tmp_path / "work", log=tmp_path / "model_server.log", golden_requests=4)


@pytest.fixture(autouse=True)
def nobody_waits() -> Iterator[None]:
    yield
    standby.dismiss()
