import errno
import re
from pathlib import Path

import pytest

from pipeline.errors import ConfigError
from pipeline.local_runner import explain, machine, new_run_id

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


def test_run_ids_sort_by_time_and_differ() -> None:
    assert re.fullmatch(r"\d{8}T\d{6}-[0-9a-f]{4}", new_run_id())
    assert len({new_run_id() for _ in range(20)}) > 1


def test_machine_is_told_without_its_name() -> None:
    assert set(machine()) == {"system", "cores", "python"}
