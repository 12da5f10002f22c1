"""Where the noise goes: everything that TensorFlow, TFX and Beam print is written to the run's log file."""

import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO


class MaskingFormatter(logging.Formatter):
    """Formats a record, traceback included, and takes out of it what the log must not hold."""

    def __init__(self, layout: str, mask: Callable[[str], str]) -> None:
        """Take the layout of a record and the function that masks its text."""
        super().__init__(layout)
        self._mask = mask

    def format(self, record: logging.LogRecord) -> str:
        """Return the masked text."""
        return self._mask(super().format(record))


@contextmanager
def captured(log: Path, mask: Callable[[str], str] = str) -> Iterator[tuple[TextIO, TextIO]]:
    """Send file descriptors 1 and 2 to a log file; yield the terminal's own stdout and stderr.

    The descriptors are moved, not just sys.stdout: TensorFlow's C++ code writes to them directly. What Python's loggers say, and
    they alone know of the source data, goes through `mask`.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    kept_out, kept_err = os.dup(1), os.dup(2)
    sink = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(sink, 1)
    os.dup2(sink, 2)
    os.close(sink)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(MaskingFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s", mask))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    try:
        with os.fdopen(os.dup(kept_out), "w") as out, os.fdopen(os.dup(kept_err), "w") as err:
            yield out, err
    finally:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError):  # the log's disk may be full; the terminal comes back all the same
                stream.flush()
        os.dup2(kept_out, 1)
        os.dup2(kept_err, 2)
        os.close(kept_out)
        os.close(kept_err)
        logging.getLogger().removeHandler(handler)
