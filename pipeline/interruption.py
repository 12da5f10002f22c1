"""Ctrl-C and a termination request, remembered: a library whose C++ code they reach may make an error of its own of them."""

import signal
from types import FrameType

_came: list[int] = []


def listen() -> None:
    """From now on let both raise KeyboardInterrupt and be remembered; where Ctrl-C is ignored (in the background) it stays so."""
    _came.clear()
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, _interrupt)
    signal.signal(signal.SIGTERM, _interrupt)


def came() -> bool:
    """Tell whether one of them has come."""
    return bool(_came)


def heed() -> None:
    """Raise KeyboardInterrupt if one of them came: Python drops what is raised in a callback of C++ code or a finaliser."""
    if came():
        raise KeyboardInterrupt


def _interrupt(number: int, _frame: FrameType | None) -> None:
    _came.append(number)
    raise KeyboardInterrupt
