import errno
from pathlib import Path

import pytest

from pipeline.errors import ConfigError
from pipeline.failure import explain

AGAIN = "Put that right and run again: what is done stays done."


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ConfigError("data.classes: missing"), "data.classes: missing"),
        (
            OSError(errno.ENOSPC, "No space left on device", "/patients/mueller.png"),
            f"No space left on device (errno 28). {AGAIN}",
        ),
        (
            PermissionError(errno.EACCES, "Permission denied", "/root/serving/demo"),
            f"serving/demo: Permission denied (errno 13). {AGAIN}",
        ),
        (KeyError("mueller"), "KeyError; the log has the details"),
    ],
)
def test_explanation_never_repeats_a_foreign_text(error: Exception, text: str) -> None:
    assert explain(error, Path("/root")) == text
