import os
import signal
import time

import pytest

from components.image_example_gen.pseudonym import KEY_VARIABLE
from components.infra_validator.server_process import TRAINING_ONLY, ServerError, ServerProcess, environment

FLAGS = """#!/bin/sh
echo "$@" >&2
exit 3
"""


@pytest.fixture
def other_server(tmp_path):
    """A program in the place of tensorflow_model_server that says how it was called."""
    program = tmp_path / "tensorflow_model_server"
    program.write_text(FLAGS)
    program.chmod(0o755)
    return str(program)


def test_another_server_is_started_with_the_flags_of_tf_serving(settings, other_server):
    server = ServerProcess(settings.model_copy(update={"model_server": other_server}))
    try:
        with pytest.raises(ServerError, match=r"exit code 3: --port=\d+ --model_name=candidate --model_base_path=/"):
            server.channel(time.monotonic() + 30)
    finally:
        server.end()


def test_a_program_that_is_none_is_named(settings, tmp_path):
    server = ServerProcess(settings.model_copy(update={"model_server": str(tmp_path / "absent")}))
    try:
        with pytest.raises(ServerError, match="exit code 1: absent can't be started: No such file or directory"):
            server.channel(time.monotonic() + 30)
    finally:
        server.end()


def test_a_server_that_stands_still_while_it_loads_is_given_up_in_time(settings):
    server = ServerProcess(settings)
    try:
        os.kill(server.pid, signal.SIGSTOP)
        with pytest.raises(ServerError, match="the server was not ready in time"):
            server.channel(time.monotonic() + 0.5)
    finally:
        server.end()


def test_server_knows_no_pseudonym_key_and_no_setting_of_training(monkeypatch):
    monkeypatch.setenv(KEY_VARIABLE, "00" * 32)
    monkeypatch.setenv(TRAINING_ONLY, "1")
    assert not {KEY_VARIABLE, TRAINING_ONLY} & set(environment())
