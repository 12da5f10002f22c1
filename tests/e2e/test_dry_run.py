"""From a configuration to a served model: package, refused dry-run, accepted one, server, schedule; the tests go on in order."""

import csv
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import tensorflow as tf
import yaml

from bench.serving.server_process import served
from components.predictions.table import CANDIDATE, probabilities, read_table
from pipeline.kubeflow.components import task_name
from pipeline.node_ids import NODES

pytestmark = pytest.mark.e2e
UNREACHABLE = [{"measure": "specificity", "label": "nodule", "at_least": 0.999}]
KUBEFLOW: dict[str, Any] = {
    "image": "registry.example/medtfx:0.1.0",
    "volumes": [{"claim": "medtfx", "path": "/mnt/medtfx"}],
    "secrets": [{"name": "notify", "key": "url", "env": "MEDTFX_NOTIFY_URL"}],
    "notify": [{"kind": "webhook", "url_env": "MEDTFX_NOTIFY_URL"}],
    "defaults": {"retries": {"count": 1, "backoff_seconds": 0}},
}
COLD = ("Pusher", "outcome")  # started as on a cluster, imports and all; the others' imports are done


@pytest.fixture(scope="module")
def receiver() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """A webhook and what it received."""
    received: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/hook", received
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where package, root and outputs lie."""
    return tmp_path_factory.mktemp("dry_run")


@pytest.fixture(scope="module")
def path(folder: Path, start: Any, load_test_module: Callable[[str], ModuleType]) -> Iterator[str]:
    """The variable PATH of the tasks."""
    with load_test_module("e2e/warm_path.py").warm_path(folder / "bin", start, cold=COLD) as first:
        yield f"{first}{os.pathsep}{os.environ['PATH']}"


@pytest.fixture(scope="module")
def package(folder: Path, path: str, demo_config: Path, medtfx: Any) -> Path:
    """The package of a configuration that trains for two steps."""
    tree = yaml.safe_load(demo_config.read_text())
    tree["data"]["source"]["patients"] = 60
    tree["data"]["manifest"] = str(folder / "data" / "manifest.csv")
    tree["training"]["steps"] = 2
    tree["evaluation"]["thresholds"] = [{"metric": "auc", "at_least": 0.0}]
    tree["kubeflow"] = KUBEFLOW | {"defaults": {**KUBEFLOW["defaults"], "env": {"PATH": path}}}
    for name, rules in (("strict", UNREACHABLE), ("mild", [])):
        tree["gate"]["rules"] = rules
        (folder / f"{name}.yaml").write_text(yaml.safe_dump(tree))
    compiled = folder / "package.yaml"
    done = medtfx("kubeflow", "compile", folder / "strict.yaml", "-o", compiled)
    assert done.code == 0, done.stderr
    return compiled


@pytest.fixture
def dry_run(
    package: Path, folder: Path, receiver: tuple[str, list[dict[str, Any]]], medtfx: Any, monkeypatch: pytest.MonkeyPatch
) -> Any:
    """Execute the package with one of the configurations."""
    monkeypatch.setenv("MEDTFX_NOTIFY_URL", receiver[0])

    def run(name: str) -> Any:
        words = ("--config", folder / f"{name}.yaml", "--root", folder / "root", "--folder", folder / f"out-{name}", "--json")
        return medtfx("kubeflow", "dry-run", package, *words)

    return run


def test_refused_model_is_red_reported_and_not_pushed(dry_run: Any, folder: Path, receiver: Any) -> None:
    done = dry_run("strict")
    assert done.code == 4, done.stderr
    tasks = done.result["tasks"]
    assert [name for name, task in tasks.items() if task["state"] == "failed"] == ["refused-model"]
    assert tasks["refused-model"]["tries"] == 1
    assert not {"InfraValidator", "Pusher", "refused-data"} & set(tasks)
    (told,) = receiver[1]
    assert (told["ending"], told["exit_code"], told["run_id"]) == ("refusal", 4, done.result["run_id"])
    assert "<html" in (folder / "out-strict" / "outputs" / "run-report" / "report").read_text()
    assert (folder / "root" / "reports" / f"{done.result['run_id']}.html").exists()
    assert versions(folder) == []


def test_accepted_model_is_pushed_from_what_the_refused_run_made(dry_run: Any, folder: Path, receiver: Any) -> None:
    done = dry_run("mild")
    assert done.code == 0, done.stderr
    assert {task["state"] for task in done.result["tasks"].values()} == {"succeeded"}
    assert len(list(folder.glob("root/artifacts/Trainer/model/*"))) == 1
    (version,) = versions(folder)
    assert (receiver[1][-1]["ending"], receiver[1][-1]["version"]) == ("success", version.name)
    with tf.compat.v1.Session(graph=tf.Graph()) as session:  # as TF Serving's loader runs it
        loaded = tf.compat.v1.saved_model.loader.load(session, [tf.saved_model.SERVING], str(version))
    assert "predict_image" in loaded.signature_def


def test_pushed_model_answers_over_grpc_as_its_run_predicted(folder: Path, medtfx: Any, warm_servers: None) -> None:
    (version,), (predictions,) = versions(folder), folder.glob("root/artifacts/Predictions/predictions/*")
    table = read_table(predictions, split="test", model=CANDIDATE)
    with (folder / "data" / "manifest.csv").open(newline="") as stream:
        files = [folder / "data" / row["path"] for row in csv.DictReader(stream)]
    asked = [files[row - 1] for row in table["row"].to_pylist()]
    with served(folder / "root" / "serving") as server:
        about = ("--server", server.address, "--model", "demo", "--rendering", version, "--json")
        done = medtfx("predict", *asked, *about)
    assert done.code == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert {str(answer["version"]) for answer in answers} == {version.name}
    given = [list(answer["probabilities"].values()) for answer in answers]
    assert len(given) >= 10
    assert given == [pytest.approx(row, abs=1e-6) for row in probabilities(table).tolist()]


def test_same_package_is_scheduled_paused_and_deleted(
    package: Path, folder: Path, start: Any, load_test_module: Callable[[str], ModuleType]
) -> None:
    module = load_test_module("pipeline/kubeflow/api_double.py")
    kubeflow, nobody = module.ApiDouble(), {"PATH": os.environ["PATH"], "HOME": str(folder / "nobody")}
    server = module.started(kubeflow)
    uploaded = yaml.safe_load(package.read_text().split("\n---\n")[0])

    def state_after(*words: str | Path) -> list[str]:
        done = start("kubeflow", *words, "--host", kubeflow.host, environment=nobody).finish()
        assert done.code == 0, done.stderr
        return [one["status"] for one in kubeflow.recurring]

    assert state_after("schedule", package, "--cron", "0 0 3 * * *", "--config", folder / "mild.yaml") == ["ENABLED"]
    (scheduled,), (made,) = kubeflow.recurring, kubeflow.versions
    assert scheduled["pipeline_version_reference"]["pipeline_version_id"] == made["pipeline_version_id"]
    assert made["pipeline_spec"] == uploaded
    assert scheduled["runtime_config"]["parameters"]["config"] == (folder / "mild.yaml").read_text()
    assert state_after("pause", "demo") == ["DISABLED"]
    assert state_after("delete", "demo") == []
    server.shutdown()
    server.server_close()


@pytest.fixture
def image(folder: Path, path: str, load_test_module: Callable[[str], ModuleType]) -> Iterator[Any]:
    """The package's image as a container of this machine's programs, all warm; the test skips where podman can't run one."""
    module = load_test_module("mounted_image.py")
    load_test_module("e2e/warm_path.py").write_script(folder / "bin", cold=())  # kfp.local starts `outcome` four times
    try:
        with module.mounted_image(KUBEFLOW["image"], f"{folder / 'bin'}:/usr/bin:/bin"):
            yield module
    except OSError as error:
        pytest.skip(f"podman runs no container here: {error}")


def test_kfps_own_runner_pushes_from_the_same_package(package: Path, folder: Path, image: Any, project: Path) -> None:
    other = yaml.safe_load((folder / "mild.yaml").read_text())
    other["training"]["model"] = "compact_resnet"  # another one than the dry-run's
    other["evaluation"]["change"] = None
    (folder / "other.yaml").write_text(yaml.safe_dump(other))
    words = [sys.executable, project / "kubeflow" / "second_opinion.py", package, "--config", folder / "other.yaml"]
    words += ["--folder", folder, "--user", "0:0", *(word for place in image.mounts() for word in ("--mount", place))]
    before = versions(folder)
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(versions(folder)) == len(before) + 1
    assert "verdict  pushed" in done.stdout
    ended = re.findall(r"Task .*?'([a-z0-9-]+)'.* finished with status .*?([A-Z]+)", done.stdout)
    assert {task_name(node) for node in NODES} <= {task for task, _ in ended}
    assert {state for _, state in ended} == {"SUCCESS"}


def versions(folder: Path) -> list[Path]:
    """Return what a server would take for versions."""
    return [path for path in folder.glob("root/serving/demo/*") if path.is_dir() and path.name.isdigit()]
