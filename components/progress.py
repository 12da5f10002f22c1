"""How far a node is: executors report, the runner shows it. Without a listener a report goes nowhere."""

from collections.abc import Callable

Listener = Callable[[int, int, str], None]
_listeners: list[Listener] = []


def listen(listener: Listener) -> Callable[[], None]:
    """Call `listener(done, total, unit)` on every report; the returned function ends it."""
    _listeners.append(listener)
    return lambda: _listeners.remove(listener)


def report(done: int, total: int, unit: str) -> None:
    """Say that `done` of `total` units ('images', 'steps') are finished."""
    for listener in tuple(_listeners):
        listener(done, total, unit)
