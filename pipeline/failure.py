"""What a user is told of an error that ended a node."""

import logging
import os
from collections.abc import Callable
from pathlib import Path

from pipeline import interruption
from pipeline.errors import DataRefusedError, MedtfxError
from pipeline.root import Root
from pipeline.run_result import RunResult
from pipeline.verdict import Verdict


def note_failure(error: Exception, result: RunResult, mask: Callable[[str], str], state: Root) -> None:
    """Log an error, and keep its reason and verdict in a run's result; to be called where it was caught.

    Raises:
        KeyboardInterrupt: when a library made the error of an interrupt.
    """
    if interruption.came():
        raise KeyboardInterrupt from error
    logging.exception("run failed")
    result.failure = mask(explain(error, state.path))
    result.verdict = Verdict.DATA_REFUSED if isinstance(error, DataRefusedError) else Verdict.FAILED


def explain(error: Exception, root_path: Path) -> str:
    """Return one line for an error: our own text, the system's reason, or the kind of error and where to look.

    A file is named where it lies below the root: others may bear a patient's name.
    """
    if isinstance(error, MedtfxError):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        path = Path(os.fsdecode(error.filename)) if isinstance(error.filename, str | bytes) else Path()
        place = f"{path.relative_to(root_path)}: " if path.is_relative_to(root_path) else ""
        return f"{place}{error.strerror} (errno {error.errno}). Put that right and run again: what is done stays done."
    return f"{type(error).__name__}; the log has the details"
