"""One configuration that asks for everything a cluster may give, compiled once by the real command."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from kfp import components

from pipeline import config_file
from pipeline.errors import ConfigError
from pipeline.kubeflow.compile_command import compile_command
from pipeline.kubeflow.compiled_package import Package, read_package, upstream
from pipeline.kubeflow.components import task_name

CONFIG = """
name: chest
data:
  manifest: /mnt/medtfx/manifest.csv
  classes: [ill, well]
  pseudonym_key_file: /mnt/medtfx/key
evaluation:
  thresholds: [{metric: auc, at_least: 0.9}]
gate:
  rules: [{measure: sensitivity, label: ill, at_least: 0.8}]
serving: {model_server: /only/in/the/image/tensorflow_model_server}
kubeflow:
  image: registry.example/medtfx:0.1.0
  pull_policy: Always
  pull_secrets: [registry]
  run_as_user: 1234
  volumes: [{claim: medtfx, path: /mnt/medtfx, sub_path: ward}]
  secrets: [{name: medtfx-notify, key: url, env: MEDTFX_NOTIFY_URL}]
  notify: [{kind: slack, url_env: MEDTFX_NOTIFY_URL}]
  defaults:
    cpu: {request: 500m, limit: "2"}
    memory: {request: 2Gi, limit: 8Gi}
    retries: {count: 3, backoff_seconds: 10, factor: 1.5, longest_seconds: 60}
    env: {OMP_NUM_THREADS: "2"}
  nodes:
    Trainer:
      gpu: {type: nvidia.com/gpu, count: 2}
      memory: {request: 8Gi, limit: 16Gi}
      node_selector: {pool: gpu}
      tolerations: [{key: gpu, operator: Exists, effect: NoSchedule}]
      timeout_seconds: 7200
    Evaluator: {retries: {count: 0}}
"""
SECRET = "https://hooks.example/swordfish"


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The configuration."""
    path = tmp_path_factory.mktemp("config") / "chest.yaml"
    path.write_text(CONFIG)
    return path


@pytest.fixture(scope="module")
def package_file(written: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package, as the command of another process writes it."""
    path = tmp_path_factory.mktemp("package") / "package.yaml"
    words = [Path(sys.executable).with_name("medtfx"), "kubeflow", "compile", written, "-o", path]
    environment = {**os.environ, "MEDTFX_NOTIFY_URL": SECRET, "PYTHONHASHSEED": "1"}
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "image registry.example/medtfx:0.1.0, root /mnt/medtfx/runs/chest" in done.stdout
    assert done.stderr == ""
    return path


def compile_here(*words: Any) -> None:
    """Compile in a thread: for each setting of a task KFP reads the source of all its callers, and below pytest they are many."""
    with ThreadPoolExecutor(1) as thread:
        thread.submit(compile_command, *words).result()


@pytest.fixture(scope="module")
def compiled(package_file: Path) -> Package:
    """The package as the dry-run reads it."""
    return read_package(package_file)


@pytest.fixture(scope="module")
def tasks(compiled: Package) -> dict[str, Any]:
    """Every container task by name, at whatever depth it stands."""
    dags = [compiled.spec.root, *(its for its in compiled.spec.components.values() if its.HasField("dag"))]
    return {
        name: task
        for dag in dags
        for name, task in dag.dag.tasks.items()
        if not compiled.spec.components[task.component_ref.name].HasField("dag")
    }


def container_of(compiled: Package, node: str) -> Any:
    """Return the container of a node's task."""
    return compiled.containers[f"exec-{task_name(node)}"]


def test_two_compilations_are_byte_equal(package_file: Path, written: Path, tmp_path: Path) -> None:
    compile_here(written, tmp_path / "again.yaml", ())
    assert (tmp_path / "again.yaml").read_bytes() == package_file.read_bytes()


def test_kfp_loads_the_package(package_file: Path) -> None:
    loaded = components.load_component_from_file(str(package_file))
    assert loaded.pipeline_spec.pipeline_info.name == "chest"
    assert set(loaded.component_spec.inputs) == {"config", "root", "data_span", "span_window", "training_steps"}


def test_tasks_and_dependencies_are_those_of_the_graph(tasks: dict[str, Any], written: Path) -> None:
    from pipeline.kubeflow.steps import REPORT, sections, steps_of  # noqa: PLC0415 - TFX loads here

    cut = sections(steps_of(config_file.load(written)))
    section_of = {step.node: number for number, section in enumerate(cut) for step in section}
    shown = {task.task_info.name for task in tasks.values()}
    assert shown == {*section_of, REPORT, "refused-data", "refused-model"}
    for step in (step for section in cut for step in section):
        # What an earlier section made is there: the task stands under the condition that its gate let go on.
        beside = {task_name(node) for node in step.after if section_of[node] == section_of[step.node]}
        assert upstream(tasks[task_name(step.node)]) == beside


def test_every_task_runs_anew_as_one_user_from_one_image(compiled: Package, tasks: dict[str, Any]) -> None:
    assert not any(task.caching_options.enable_cache for task in tasks.values())
    for container in compiled.containers.values():
        assert container.spec.image == "registry.example/medtfx:0.1.0"
        assert container.kubernetes["imagePullPolicy"] == "Always"
        assert [secret["secretName"] for secret in container.kubernetes["imagePullSecret"]] == ["registry"]
        assert container.kubernetes["securityContext"] == {"runAsUser": "1234", "runAsNonRoot": True}
        (mount,) = container.kubernetes["pvcMount"]
        assert (mount["constant"], mount["mountPath"], mount["subPath"]) == ("medtfx", "/mnt/medtfx", "ward")
        (secret,) = container.kubernetes["secretAsEnv"]
        assert secret["secretName"] == "medtfx-notify"
        assert secret["keyToEnv"] == [{"secretKey": "url", "envVar": "MEDTFX_NOTIFY_URL"}]
        assert {item.name: item.value for item in container.spec.env} == {"OMP_NUM_THREADS": "2"}


def test_node_gets_its_own_resources_place_and_time_limit(compiled: Package) -> None:
    trainer, other = container_of(compiled, "Trainer"), container_of(compiled, "Transform")
    needs = trainer.spec.resources
    assert (needs.resource_memory_request, needs.resource_memory_limit) == ("8Gi", "16Gi")
    assert (needs.resource_cpu_request, needs.resource_cpu_limit) == ("500m", "2")
    assert (needs.accelerator.resource_type, needs.accelerator.resource_count) == ("nvidia.com/gpu", "2")
    assert trainer.kubernetes["nodeSelector"] == {"labels": {"pool": "gpu"}}
    assert trainer.kubernetes["tolerations"] == [{"key": "gpu", "operator": "Exists", "effect": "NoSchedule"}]
    assert trainer.kubernetes["activeDeadlineSeconds"] == "7200"
    assert (other.spec.resources.resource_memory_request, other.spec.resources.resource_memory_limit) == ("2Gi", "8Gi")
    assert not other.spec.resources.HasField("accelerator")
    assert not {"nodeSelector", "tolerations", "activeDeadlineSeconds"} & set(other.kubernetes)


def test_failures_are_retried_and_refusals_never(tasks: dict[str, Any]) -> None:
    policy = tasks["trainer"].retry_policy
    backoff = (policy.backoff_duration.seconds, policy.backoff_factor, policy.backoff_max_duration.seconds)
    assert (policy.max_retry_count, *backoff) == (3, 10, 1.5, 60)
    assert tasks["evaluator"].retry_policy.max_retry_count == 0
    refusals = [task for task in tasks.values() if task.task_info.name.startswith("refused-")]
    assert refusals
    assert {task.retry_policy.max_retry_count for task in refusals} == {0}


def test_package_holds_no_secret_and_no_path_of_this_machine(package_file: Path, written: Path) -> None:
    text = package_file.read_text()
    for private in (SECRET, str(written), str(Path.home()), str(config_file.PROJECT), sys.prefix):
        assert private not in text


@pytest.mark.parametrize(
    ("override", "told"),
    [
        ("kubeflow={}", "kubeflow.image: missing; expected the image that the cluster pulls"),
        ("kubeflow.volumes=[]", "kubeflow.volumes: empty, and kubeflow.root is not set"),
        (
            "kubeflow.nodes.Trainr={timeout_seconds: 3}",
            "kubeflow.nodes: Trainr: no such node; expected one of .*Trainer.*RunReport",
        ),
        ("kubeflow.defaults.memory.limit=8 GB", "kubeflow.defaults.memory.limit: .*'8 GB'; expected bytes such as '512Mi'"),
        ("kubeflow.secrets=[]", "no secret fills MEDTFX_NOTIFY_URL"),
    ],
)
def test_what_a_cluster_would_refuse_is_told(written: Path, tmp_path: Path, override: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told) as error:
        compile_command(written, tmp_path / "package.yaml", [override])
    assert error.value.exit_code == 2
    assert not (tmp_path / "package.yaml").exists()


def test_path_that_no_volume_holds_is_noted(written: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    compile_here(written, tmp_path / "package.yaml", ["data.manifest=/elsewhere/manifest.csv"])
    assert "note: data.manifest: /elsewhere/manifest.csv: lies in no volume" in capsys.readouterr().err


def test_output_that_cannot_be_written_is_told(written: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="name another file with -o"):
        compile_here(written, tmp_path / "file" / "package.yaml", ())
