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
import yaml

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


def config_without_runner(demo_config: Path, folder: Path) -> Path:
    tree = yaml.safe_load(demo_config.read_text())
    tree["data"]["manifest"] = str(folder / "data" / "manifest.csv")
    tree["data"]["source"]["patients"] = 60
    tree["data"]["shard_rows"] = 32  # several shards for two slots
    tree["training"]["steps"] = 2
    tree["evaluation"]["thresholds"] = [{"metric": "auc", "at_least": 0.0}]
    tree["gate"]["rules"] = []
    path = folder / "demo.yaml"
    path.write_text(yaml.safe_dump(tree))
    return path


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


def test_run_on_flink_equals_one_in_this_process(job_server: str, demo_config: Path, tmp_path: Path, quickly) -> None:
    config = config_without_runner(demo_config, tmp_path)
    beam = f'beam={{runner: flink, job_endpoint: "{job_server}", environment: loopback, parallelism: 2}}'
    here = quickly("run", config, "--root", tmp_path / "here", "--json")
    flink = quickly("run", config, "--root", tmp_path / "flink", "--json", "--set", beam)
    assert (here.code, flink.code) == (0, 0), here.stderr + flink.stderr
    assert here.result["cached"] == flink.result["cached"] == []
    assert set(here.result["seconds"]) >= ON_BEAM
    assert len(ingested(tmp_path / "here")) > 2 * 3
    assert ingested(tmp_path / "flink") == ingested(tmp_path / "here")
    assert figures(here.result).keys() >= {"auc", "accuracy", "balanced_accuracy", "loss"}
    assert figures(flink.result) == pytest.approx(figures(here.result), abs=1e-9)

    again = quickly("run", config, "--root", tmp_path / "flink", "--json")
    assert again.result["verdict"] == "unchanged", json.dumps(again.result)
    assert set(again.result["cached"]) >= ON_BEAM
