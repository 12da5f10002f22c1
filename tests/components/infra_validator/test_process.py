import subprocess
import sys
import time

import pytest

from components.infra_validator.process import Child, ProbeError


def python(code):
    return [sys.executable, "-c", code]


def test_a_command_that_ends_well_is_no_error():
    Child(python("pass")).finish(30)


def test_a_command_reads_what_it_is_told():
    Child(python("import sys; sys.exit(sys.stdin.read() != 'go')")).finish(30, told=b"go")


def test_a_command_that_ended_before_it_was_told_anything_is_an_error():
    child = Child(python("import sys; sys.exit('gone')"))
    time.sleep(0.5)
    with pytest.raises(ProbeError, match="the process failed with exit code 1: gone"):
        child.finish(30, told=b"x" * 1_000_000)


def test_a_hang_ends_at_the_limit_with_its_children():
    marker = f"sleep {60 + time.time() % 1:.6f}"
    began = time.monotonic()
    with pytest.raises(ProbeError, match=r"no answer within 1 s"):
        Child(["/bin/sh", "-c", f"{marker} & wait"]).finish(1)
    assert time.monotonic() - began < 10
    processes = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert marker not in processes


def test_a_failure_says_the_last_thing_the_process_said():
    with pytest.raises(ProbeError, match=r"the process failed with exit code 3: out of luck"):
        Child(python("import sys; print('noise\\nout of luck', file=sys.stderr); sys.exit(3)")).finish(30)


def test_a_crash_names_its_signal():
    with pytest.raises(ProbeError, match="the process was killed by SIGABRT"):
        Child(python("import os; os.abort()")).finish(30)
