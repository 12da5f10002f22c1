import socket

import pytest

from pipeline.beam_operator import check_job_server
from pipeline.errors import MedtfxError


def test_absent_job_server_is_told_by_its_key() -> None:
    with socket.create_server(("localhost", 0)) as server:
        port = server.getsockname()[1]
        check_job_server([f"--job_endpoint=localhost:{port}"])
    with pytest.raises(MedtfxError, match=rf"beam\.job_endpoint: localhost:{port}: .*refused; start the job server"):
        check_job_server([f"--job_endpoint=localhost:{port}"])
