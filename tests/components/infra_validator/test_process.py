import subprocess
import sys
import time

import pytest

from components.infra_validator.process import ProbeError, run


def python(code):
    return [sys.executable, "-c", code]


def test_a_command_that_ends_well_is_no_error():
    run(python("pass"), 30)


def test_a_hang_ends_at_the_limit_with_its_children():
    marker = f"sleep {60 + time.time() % 1:.6f}"
    began = time.monotonic()
    with pytest.raises(ProbeError, match=r"no answer within 1 s"):
        run(["/bin/sh", "-c", f"{marker} & wait"], 1)
    assert time.monotonic() - began < 10
    processes = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert marker not in processes


def test_a_failure_says_the_last_thing_the_process_said():
    with pytest.raises(ProbeError, match=r"the process failed with exit code 3: out of luck"):
        run(python("import sys; print('noise\\nout of luck', file=sys.stderr); sys.exit(3)"), 30)


def test_a_crash_names_its_signal():
    with pytest.raises(ProbeError, match="the process was killed by SIGABRT"):
        run(python("import os; os.abort()"), 30)
