import sys

import pytest

from pipeline import setup_command
from pipeline.setup_command import SetupError


def test_failed_command_shows_the_end_of_its_output() -> None:
    with pytest.raises(SetupError, match="boom"):
        setup_command.run([sys.executable, "-c", "import sys; print('boom'); sys.exit(3)"])


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        ("OSError: [Errno 28] No space left on device", "disk is full"),
        ("HTTPSConnection object: NewConnectionError(...)", "make wheelhouse"),
        ("no such option: --frobnicate", "^`"),
    ],
)
def test_failure_says_what_to_do_where_the_cause_is_known(said: str, advice: str) -> None:
    with pytest.raises(SetupError, match=advice):
        setup_command.run([sys.executable, "-c", f"print({said!r}); raise SystemExit(1)"])
