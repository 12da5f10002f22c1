"""A server that waits for its node: while other nodes judge the model it loads TensorFlow, most of what validation takes."""

from contextlib import suppress

from components.infra_validator.server_process import ServerProcess
from components.infra_validator.settings import InfraSettings

_waiting: list[ServerProcess] = []  # the runner starts it, the executor takes it; TFX's launcher between them passes no objects


def start(settings: InfraSettings) -> None:
    """Start a server for the next validation in this process, unless one waits already."""
    if not _waiting:
        with suppress(OSError):  # the node itself starts another, and says why when that fails too
            _waiting.append(ServerProcess(settings))


def take(settings: InfraSettings) -> ServerProcess:
    """Return the server that waits, or a new one.

    Raises:
        OSError: when none can be started.
    """
    return _waiting.pop() if _waiting else ServerProcess(settings)


def dismiss() -> None:
    """End a server that nobody took."""
    while _waiting:
        _waiting.pop().end()
