"""The container components of a package: the command line of each task, with placeholders that KFP fills."""

import inspect
import re
from collections.abc import Callable, Sequence
from typing import Any

from kfp import dsl
from kfp.dsl.base_component import BaseComponent

from pipeline.kubeflow.steps import Step
from pipeline.node_ids import REPORT

CONFIG, ROOT, RUN_ID = "config", "root", "run_id"
# Named parameters of the pipeline, and the keys of the configuration that they change; an empty one changes nothing.
OVERRIDES = {"data_span": "data.span", "span_window": "data.spans.last", "training_steps": "training.steps"}
INPUTS = (CONFIG, ROOT, RUN_ID, *OVERRIDES)

Command = list[Any]  # words and placeholders


def node_component(step: Step, image: str) -> BaseComponent:
    """Return the component that runs one node; one that may refuse has the output parameter `verdict`."""
    outputs = {"verdict": dsl.OutputPath(str)} if step.refusal else {}

    def container(**given: Any) -> dsl.ContainerSpec:
        words = ["--verdict-to", given["verdict"]] if step.refusal else []
        return _medtfx(image, "node", ["--node", step.node, *_shared(given), *words])

    return _component(container, step.node, outputs)


def report_component(image: str, options: Sequence[str] = ()) -> BaseComponent:
    """Return the component that reports, page and metrics being its artifacts; `options` are further words of the command."""

    def container(**given: Any) -> dsl.ContainerSpec:
        words = ["--node", REPORT, *_shared(given), "--report-to", given["report"].path, "--metrics-to", given["metrics"].path]
        # KFP's page shows the metadata of a Metrics artifact, and those it reads from this file.
        words += ["--executor-output-to", dsl.PIPELINE_TASK_EXECUTOR_OUTPUT_PATH_PLACEHOLDER, *options]
        return _medtfx(image, "node", words)

    return _component(container, REPORT, {"report": dsl.Output[dsl.HTML], "metrics": dsl.Output[dsl.Metrics]})


def refusal_component(name: str, image: str) -> BaseComponent:
    """Return the component that ends a refused run with the verdict's exit code."""

    def container(**given: Any) -> dsl.ContainerSpec:
        return _medtfx(image, "outcome", _shared(given))

    return _component(container, name, {})


def _medtfx(image: str, command: str, words: Command) -> dsl.ContainerSpec:
    return dsl.ContainerSpec(image=image, command=["medtfx", command], args=words)


def _shared(given: dict[str, Any]) -> Command:
    """Return what every command is told."""
    words: Command = ["--config-text", given[CONFIG], "--root", given[ROOT], "--run-id", given[RUN_ID]]
    for parameter, key in OVERRIDES.items():
        # A text with a placeholder in it, not KFP's Concat: the launcher replaces the former wherever it stands.
        words += ["--set", f"{key}={given[parameter]}"]
    return words


def task_name(node: str) -> str:
    """Return the name of a node's task as pods may bear it: 'data-gate' of DataGate."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", node).lower()


def _component(container: Callable[..., dsl.ContainerSpec], name: str, outputs: dict[str, Any]) -> BaseComponent:
    """Return a container component of a function whose parameters are known only now."""
    annotations: dict[str, Any] = dict.fromkeys(INPUTS, str) | outputs
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD

    def called(*values: Any) -> dsl.ContainerSpec:
        return container(**dict(zip(annotations, values, strict=True)))

    called.__name__ = called.__qualname__ = task_name(name)
    called.__annotations__ = annotations | {"return": dsl.ContainerSpec}
    called.__signature__ = inspect.Signature(  # type: ignore[attr-defined] # what inspect.signature looks for
        [inspect.Parameter(parameter, kind, annotation=annotation) for parameter, annotation in annotations.items()]
    )
    return dsl.container_component(called)
