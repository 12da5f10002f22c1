"""Reads a compiled package as Kubeflow Pipelines does, and finds what it would stumble over."""

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
        started = package.spec.components.get(task.component_ref.name)
        if started is None:
            yield f"{name}: task {task_name} starts {task.component_ref.name}, which is no component of the package"
            continue
        definitions = started.input_definitions.parameters
        needed = {key for key, its in definitions.items() if not its.is_optional and not its.HasField("default_value")}
        for key in sorted(needed - set(task.inputs.parameters)):
            yield f"{name}: task {task_name}: parameter {key} is missing"
        for key in sorted(set(task.inputs.parameters) - set(definitions)):
            yield f"{name}: task {task_name}: parameter {key} is unknown to {task.component_ref.name}"
        for other in sorted(set(task.dependent_tasks) - set(tasks)):
            yield f"{name}: task {task_name} waits for {other}, which is no task beside it"
        for key, value in task.inputs.parameters.items():
            parent = value.component_input_parameter
            if parent and parent not in component.input_definitions.parameters:
                yield f"{name}: task {task_name}: parameter {key} comes from {parent}, which {name} does not have"
