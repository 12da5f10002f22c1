import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.e2e
FETCHING = 600  # seconds that a first fetch of the jars may take
SHORT_LIVED = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"  # optimised code pays after minutes: a quarter of the processor time
ON_BEAM = {"ImageExampleGen", "StatisticsGen", "Transform", "Evaluator"}


@pytest.fixture(scope="module")
def job_server(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a job server with a Flink of its own, as the project's script starts it."""
    for program in ("java", "mvn"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = tmp_path_factory.mktemp("job_server")
    words = [project / "kubeflow" / "flink" / "job_server.sh", f"--job-port={port}", f"--artifacts-dir={folder}"]
    environment = os.environ | {"JAVA_TOOL_OPTIONS": SHORT_LIVED}
    log = folder / "log"
    with log.open("w") as said:
        process = subprocess.Popen(words, stdout=said, stderr=said, start_new_session=True, env=environment)
    try:
        wait_until_it_listens(process, port, log)
        yield f"localhost:{port}"
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
        process.wait()


def wait_until_it_listens(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end = time.monotonic() + FETCHING
    while True:
        if process.poll() == 2:
            pytest.skip(f"no job server: {log.read_text()[-300:]}")  # the script's own word that something is not to be had
        assert process.poll() is None, log.read_text()[-2000:]
        try:
            socket.create_connection(("localhost", port), 1).close()
        except OSError:
            assert time.monotonic() < end, log.read_text()[-2000:]
            time.sleep(0.2)
        else:
            return


def ingested(root: Path) -> dict[str, str]:
    """Return the digest of every file of the examples."""
    (folder,) = root.glob("artifacts/ImageExampleGen/examples/*")
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def figures(result: dict[str, Any]) -> dict[str, float]:
    return {name: value for name, value in result["metrics"].items() if isinstance(value, float | int)}


def test_run_on_flink_equals_one_in_this_process(job_server: str, own_run, one_step, tmp_path: Path, quickly) -> None:
    words = ("run", own_run.config, "--root", tmp_path / "flink", "--json", *one_step)
    beam = f'beam={{runner: flink, job_endpoint: "{job_server}", environment: loopback, parallelism: 2}}'
    here, flink = own_run, quickly(*words, "--set", beam)
    assert flink.code == 0, flink.stderr
    assert here.result["cached"] == flink.result["cached"] == []
    assert set(here.result["seconds"]) >= ON_BEAM
    assert len(ingested(here.root)) > 2 * 3
    assert ingested(tmp_path / "flink") == ingested(here.root)
    assert figures(here.result).keys() >= {"auc", "accuracy", "balanced_accuracy", "loss"}
    assert figures(flink.result) == pytest.approx(figures(here.result), abs=1e-9)

    again = quickly(*words)
    assert again.result["verdict"] == "unchanged", json.dumps(again.result)
    assert set(again.result["cached"]) >= ON_BEAM
