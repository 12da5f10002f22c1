"""A probe that waits for its node: while other nodes judge the model it loads TensorFlow, most of what validation takes."""

from components.infra_validator.process import Child, start_probe

_waiting: list[Child] = []  # the runner starts it, the executor takes it, and TFX's launcher between them passes no objects


def start() -> None:
    """Start a probe for the next validation in this process, unless one waits already."""
    if not _waiting:
        _waiting.append(start_probe())


def take() -> Child:
    """Return the probe that waits, or a new one."""
    return _waiting.pop() if _waiting else start_probe()


def dismiss() -> None:
    """End a probe that nobody took."""
    while _waiting:
        _waiting.pop().end()
