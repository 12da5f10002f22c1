import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from components import child_process
from components.infra_validator import server_process, standby
from components.infra_validator.settings import InfraSettings
from models.training import run_fn


@pytest.fixture(scope="session")
def good_export(training_inputs: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export of a quickly trained model."""
    fn_args = training_inputs.fn_args(tmp_path_factory.mktemp("trained") / "outputs", steps=4)
    run_fn(fn_args)
    return Path(fn_args.serving_model_dir)


@pytest.fixture
def settings(tmp_path: Path) -> InfraSettings:
    return InfraSettings(work_dir=tmp_path / "work", log=tmp_path / "model_server.log", golden_requests=4)


@pytest.fixture(autouse=True)
def nobody_waits() -> Iterator[None]:
    yield
    standby.dismiss()


class Forked:
    """A server that tests/warm_start.py has forked, as subprocess.Popen shows one."""

    def __init__(self, started: Any) -> None:
        self.pid: int = started.pid
        self._started = started

    def poll(self) -> int | None:
        return self._started.code if self._started.ended() else None

    def wait(self, timeout: float | None = None) -> int:
        try:
            code: int = self._started.finish(300 if timeout is None else timeout).code
        except AssertionError as late:
            raise subprocess.TimeoutExpired("medtfx serve", timeout or 300) from late
        return code


@pytest.fixture
def warm_servers(start: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the imports of every model server done, four seconds each; from its first word on it is `medtfx serve` as ever."""
    program = [*child_process.tethered([]), *server_process.SERVE[:-1]]

    def popen(words: Sequence[str], *, env: dict[str, str], stdout: Any, **_: Any) -> Forked:
        assert words[: len(program)] == program
        return Forked(start(*words[len(program) :], environment=env, log=stdout.name, warm_server=False))

    monkeypatch.setattr(server_process, "subprocess", SimpleNamespace(**{**vars(subprocess), "Popen": popen}))
