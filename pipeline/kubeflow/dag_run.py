"""Runs the graph of a package: what is independent at once, conditions, the exit task whatever happened."""

import time
from collections.abc import Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from kfp.local.io import IOStore
from kfp.local.orchestrator.orchestrator_utils import OrchestratorUtils
from kfp.pipeline_spec import pipeline_spec_pb2 as pb

from pipeline.kubeflow.compiled_package import Package, upstream
from pipeline.kubeflow.condition import holds
from pipeline.kubeflow.task_run import TaskRunner

WHATEVER_HAPPENED = pb.PipelineTaskSpec.TriggerPolicy.ALL_UPSTREAM_TASKS_COMPLETED


class State(StrEnum):
    """How a task ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SKIPPED = "skipped"  # its condition did not hold, or what it waits for did not succeed


class Progress(Protocol):
    """Is told of the container tasks of a run, from several threads."""

    def begin(self, task: str) -> None:
        """Show that a task starts."""

    def end(self, result: "TaskResult") -> None:
        """Show how it ended."""


@dataclass(frozen=True)
class TaskResult:
    """A container task that ran.

    Args:
        task: the name that KFP's page shows.
        state: how it ended.
        seconds: with all its tries.
        tries: how many there were.
        code: exit code of the last, None where there is none.
        reason: why it failed, '' where it did not.
    """

    task: str
    state: State
    seconds: float
    tries: int
    code: int | None
    reason: str = ""


@dataclass
class DagRun:
    """Runs the graphs of one package; `results` grows in the order in which tasks end."""

    package: Package
    runner: TaskRunner
    progress: Progress
    results: list[TaskResult] = field(default_factory=list)

    def run(self, component: pb.ComponentSpec, arguments: Mapping[str, Any]) -> tuple[State, Mapping[str, Any]]:
        """Run the tasks of a graph; return how it ended and its outputs.

        After a failure nothing new starts but what runs whatever happened.
        """
        store = IOStore()
        for name, value in OrchestratorUtils.join_user_inputs_and_defaults(dict(arguments), component.input_definitions).items():
            store.put_parent_input(name, value)
        states = self._run_tasks(component.dag.tasks, store)
        if State.FAILED in states.values():
            return State.FAILED, {}
        return State.SUCCEEDED, OrchestratorUtils.get_dag_outputs(component.dag.outputs, store)

    def _run_tasks(self, tasks: Mapping[str, pb.PipelineTaskSpec], store: IOStore) -> dict[str, State]:
        waiting, states = dict(tasks), dict[str, State]()
        with ThreadPoolExecutor(len(waiting) or 1) as pool:
            running: dict[Future[tuple[State, Mapping[str, Any]]], str] = {}
            while waiting or running:
                for name in ready(waiting, states):
                    task = waiting.pop(name)
                    if starts(task, states):
                        running[pool.submit(self._run_task, name, task, store)] = name
                    else:
                        states[name] = State.SKIPPED
                for done in wait(running, return_when=FIRST_COMPLETED).done if running else ():
                    name = running.pop(done)
                    states[name], outputs = done.result()
                    for key, value in outputs.items():
                        store.put_task_output(name, key, value)
        return states

    def _run_task(self, name: str, task: pb.PipelineTaskSpec, store: IOStore) -> tuple[State, Mapping[str, Any]]:
        arguments = OrchestratorUtils.make_task_arguments(task.inputs, store)
        if task.trigger_policy.condition and not holds(task.trigger_policy.condition, arguments):
            return State.SKIPPED, {}
        component = self.package.spec.components[task.component_ref.name]
        if component.HasField("dag"):
            return self.run(component, arguments)
        return self._run_container(name, task, arguments)

    def _run_container(
        self, name: str, task: pb.PipelineTaskSpec, arguments: Mapping[str, Any]
    ) -> tuple[State, Mapping[str, Any]]:
        shown, begin = task.task_info.name or name, time.monotonic()
        self.progress.begin(shown)
        outcome = self.runner.run(name, task, arguments)
        state = State.SUCCEEDED if outcome.ended.well else State.FAILED
        reason = "" if outcome.ended.well else str(outcome.ended)
        result = TaskResult(shown, state, time.monotonic() - begin, outcome.tries, outcome.ended.code, reason)
        self.results.append(result)
        self.progress.end(result)
        return state, outcome.outputs


def ready(waiting: Mapping[str, pb.PipelineTaskSpec], states: Mapping[str, State]) -> list[str]:
    """Return the tasks that wait for nothing any more; after a failure every waiting one is ready to be passed over."""
    failed = State.FAILED in states.values()
    free = [name for name, task in waiting.items() if upstream(task) <= set(states)]
    late = [name for name, task in waiting.items() if failed and task.trigger_policy.strategy != WHATEVER_HAPPENED]
    return list(dict.fromkeys(free + late))


def starts(task: pb.PipelineTaskSpec, states: Mapping[str, State]) -> bool:
    """Tell whether a ready task runs, now that what it waits for has ended."""
    if task.trigger_policy.strategy == WHATEVER_HAPPENED:
        return True
    return State.FAILED not in states.values() and all(states[name] is State.SUCCEEDED for name in upstream(task))
