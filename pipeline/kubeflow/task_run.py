"""Runs one container task as KFP's launcher does: fill the placeholders, start the command, read what it put out, try again."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kfp.local import executor_input_utils, executor_output_utils, placeholder_utils
from kfp.pipeline_spec import pipeline_spec_pb2 as pb

from pipeline.kubeflow.compiled_package import Container, Package
from pipeline.kubeflow.engine import Engine
from pipeline.kubeflow.processes import Ended, Processes

LONGEST_BACKOFF = 2.0  # seconds; a cluster waits as long as the package says


@dataclass(frozen=True)
class TaskOutcome:
    """How a task ended: its last try, how many there were, its outputs by name."""

    ended: Ended
    tries: int
    outputs: Mapping[str, Any]


class TaskRunner:
    """Runs the container tasks of one run."""

    def __init__(self, package: Package, engine: Engine, processes: Processes, *, folder: Path, run_id: str) -> None:
        """Take the package and where its containers run; outputs and logs go below `folder`."""
        self._package, self._engine, self._processes = package, engine, processes
        self._run_id = run_id
        self.outputs, self.logs = folder / "outputs", folder / "logs"

    def run(self, name: str, task: pb.PipelineTaskSpec, arguments: Mapping[str, Any]) -> TaskOutcome:
        """Run a task, and again while it fails and its retry policy allows."""
        component = self._package.spec.components[task.component_ref.name]
        container = self._package.containers[component.executor_label]
        policy, place = task.retry_policy, self.outputs / name
        for number in range(policy.max_retry_count + 1):
            if number:
                self._processes.pause(backoff(policy, number))
            shutil.rmtree(place, ignore_errors=True)
            told = executor_input_utils.construct_executor_input(
                component, dict(arguments), str(place), block_input_artifact=False
            )
            make_folders(told, place)
            ended = self._try(name, container, self._words(name, component, container, told))
            outputs: Mapping[str, Any] = {}
            if ended.well:
                ended, outputs = read_outputs(told, component)
            if ended.well or self._processes.stopped:
                break
        return TaskOutcome(ended, number + 1, outputs)

    def _try(self, name: str, container: Container, words: Sequence[str]) -> Ended:
        deadline = container.kubernetes.get("activeDeadlineSeconds")
        log = self.logs / f"{name}.log"
        return self._processes.run(self._engine.start(container, words), log, None if deadline is None else float(deadline))

    def _words(self, name: str, component: pb.ComponentSpec, container: Container, told: pb.ExecutorInput) -> list[str]:
        words: list[str] = placeholder_utils.replace_placeholders(
            full_command=[*container.spec.command, *container.spec.args],
            executor_input_dict=executor_input_utils.executor_input_to_dict(told, component),
            pipeline_resource_name=self._package.name,
            task_resource_name=name,
            pipeline_root=str(self.outputs),
            unique_pipeline_id=self._run_id,
        )
        return words


def backoff(policy: pb.PipelineTaskSpec.RetryPolicy, number: int) -> float:
    """Return the seconds before a retry, as the package says but never longer than a dry-run waits."""
    seconds = policy.backoff_duration.ToSeconds() * (policy.backoff_factor or 2.0) ** (number - 1)
    return float(min(seconds, policy.backoff_max_duration.ToSeconds() or 3600, LONGEST_BACKOFF))


def make_folders(told: pb.ExecutorInput, place: Path) -> None:
    """Make the folders of output files, which the launcher makes too; the container's user may write there."""
    place.mkdir(parents=True, exist_ok=True)
    files = [its.output_file for its in told.outputs.parameters.values()] + [told.outputs.output_file]
    files += [artifact.uri for its in told.outputs.artifacts.values() for artifact in its.artifacts]
    for folder in {place, *(Path(file).parent for file in files)}:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o777)


def read_outputs(told: pb.ExecutorInput, component: pb.ComponentSpec) -> tuple[Ended, Mapping[str, Any]]:
    """Return the outputs of a task that ended well; one whose parameter is missing did not."""
    try:
        outputs: Mapping[str, Any] = executor_output_utils.get_outputs_for_task(told, component)
    except ValueError as error:
        return Ended(None, str(error)), {}
    missing = sorted(set(component.output_definitions.parameters) - set(outputs))
    if missing:
        return Ended(None, f"it wrote no output parameter {', '.join(missing)}"), {}
    return Ended(0), outputs
