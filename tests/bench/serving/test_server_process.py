"""A server that did not start is told, whoever listens in its place."""

import socket
import subprocess
import sys

import pytest

from bench.serving.server_process import ServerProcess


def test_server_that_ended_is_told_though_another_listens_on_its_port(tmp_path):
    (tmp_path / "server.log").write_text("the port is taken")
    with socket.create_server(("127.0.0.1", 0)) as other, subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
        server = ServerProcess(ended, tmp_path / "server.log", (0, other.getsockname()[1]), tmp_path / "demo")
        with pytest.raises(SystemExit, match="the server did not start:\nthe port is taken"):
            server.wait_until_ready()
