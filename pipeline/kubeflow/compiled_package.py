"""Reads a compiled package as Kubeflow Pipelines does, and finds what it would stumble over."""

import graphlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from google.protobuf import json_format
from kfp import components
from kfp.pipeline_spec import pipeline_spec_pb2 as pb

from pipeline.errors import ConfigError
from pipeline.kubeflow.package_interface import PackageInterface, read_interface

UNFILLED = "{{$.pipeline_"  # KFP fills these where they are the value of a task's input, never inside a command


@dataclass(frozen=True)
class Container:
    """What runs a task.

    Args:
        spec: image, command, arguments, environment.
        kubernetes: the rest of what the pod is given: secrets, volumes, user, deadline; plain values.
    """

    spec: pb.PipelineDeploymentConfig.PipelineContainerSpec
    kubernetes: Mapping[str, Any]


@dataclass(frozen=True)
class Package:
    """A pipeline: what it asks of its caller, its components, and the container of each that is no graph."""

    interface: PackageInterface
    spec: pb.PipelineSpec
    containers: Mapping[str, Container]

    @property
    def name(self) -> str:
        """Name of the pipeline."""
        return self.interface.name


def read_package(path: Path) -> Package:
    """Return a package that KFP itself can load.

    Raises:
        ConfigError: when it can't, or holds what a cluster would refuse.
    """
    interface = read_interface(path)
    try:
        loaded = components.load_component_from_file(str(path))
        spec, platforms = loaded.pipeline_spec, loaded.platform_spec.platforms
    except Exception as error:  # KFP raises whatever its parsers do
        raise ConfigError(f"{path}: is no package of Kubeflow Pipelines: {type(error).__name__}: {error}") from error
    deployment = json_format.ParseDict(json_format.MessageToDict(spec.deployment_spec), pb.PipelineDeploymentConfig())
    on_kubernetes = json_format.MessageToDict(platforms["kubernetes"].deployment_spec) if "kubernetes" in platforms else {}
    pods = on_kubernetes.get("executors", {})
    containers = {
        label: Container(executor.container, pods.get(label, {}))
        for label, executor in deployment.executors.items()
        if executor.HasField("container")
    }
    package = Package(interface, spec, containers)
    found = list(problems(package))
    if found:
        raise ConfigError("\n".join(f"{path}: {problem}" for problem in found))
    return package


def problems(package: Package) -> Iterator[str]:
    """Yield a line per thing that would fail on a cluster whatever the nodes do."""
    yield from dag_problems("the pipeline", package.spec.root, package)
    for name, component in package.spec.components.items():
        if component.HasField("dag"):
            yield from dag_problems(name, component, package)
        elif component.executor_label not in package.containers:
            yield f"{name}: its executor {component.executor_label!r} is no container of the package"
        else:
            yield from command_problems(name, package.containers[component.executor_label])


def command_problems(name: str, container: Container) -> Iterator[str]:
    """Yield what is wrong with the command of a component."""
    words = [*container.spec.command, *container.spec.args]
    if not container.spec.image or not words:
        yield f"{name}: has no {'command' if container.spec.image else 'image'}"
    for word in words:
        if UNFILLED in word:
            yield f"{name}: KFP does not fill {word} inside a command; make it the value of a task's input"


def dag_problems(name: str, component: pb.ComponentSpec, package: Package) -> Iterator[str]:
    """Yield what does not fit between the tasks of a graph and the components that they start."""
    tasks = component.dag.tasks
    for task_name, task in tasks.items():
        for problem in task_problems(task, component, package):
            yield f"{name}: task {task_name}{problem}"
        for other in sorted(upstream(task) - set(tasks)):
            yield f"{name}: task {task_name} waits for {other}, which is no task beside it"
    try:
        graphlib.TopologicalSorter({key: upstream(task) for key, task in tasks.items()}).prepare()
    except graphlib.CycleError as error:
        yield f"{name}: tasks wait for each other: {', '.join(sorted(set(error.args[1])))}"


def task_problems(task: pb.PipelineTaskSpec, parent: pb.ComponentSpec, package: Package) -> Iterator[str]:
    """Yield what does not fit between a task and its component, or the graph that it stands in."""
    started = package.spec.components.get(task.component_ref.name)
    if started is None:
        yield f" starts {task.component_ref.name}, which is no component of the package"
        return
    definitions = started.input_definitions.parameters
    needed = {key for key, its in definitions.items() if not its.is_optional and not its.HasField("default_value")}
    for key in sorted(needed - set(task.inputs.parameters)):
        yield f": parameter {key} is missing"
    for key, value in sorted(task.inputs.parameters.items()):
        source = value.component_input_parameter
        if key not in definitions:
            yield f": parameter {key} is unknown to {task.component_ref.name}"
        if source and source not in parent.input_definitions.parameters:
            yield f": parameter {key} comes from {source}, which the graph around it does not have"


def upstream(task: pb.PipelineTaskSpec) -> set[str]:
    """Return the tasks that a task waits for: those named, and those whose outputs it takes."""
    inputs = task.inputs
    makers = {its.task_output_parameter.producer_task for its in inputs.parameters.values()}
    makers |= {its.task_output_artifact.producer_task for its in inputs.artifacts.values()}
    return (makers | set(task.dependent_tasks)) - {""}
