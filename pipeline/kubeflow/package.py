"""Compiles the package: the graph as a native KFP v2 pipeline, with refusals, retries and a report at the end."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kfp import compiler, dsl
from kfp.dsl import PipelineTask
from kfp.dsl.base_component import BaseComponent
from kfp.dsl.pipeline_channel import PipelineParameterChannel

from pipeline.config import Config
from pipeline.config.kubeflow import Kubeflow
from pipeline.kubeflow.components import (
    CONFIG,
    OVERRIDES,
    ROOT,
    RUN_ID,
    node_component,
    refusal_component,
    report_component,
    task_name,
)
from pipeline.kubeflow.settings import image_of, root_of
from pipeline.kubeflow.steps import Step, sections
from pipeline.kubeflow.task_settings import configure
from pipeline.node_command import GO_ON
from pipeline.node_ids import REPORT

Arguments = dict[str, PipelineParameterChannel | str]


def compiled(config: Config, text: str, steps: Sequence[Step]) -> str:
    """Return the package's YAML; equal in every process for equal arguments.

    Args:
        config: the validated configuration, for names and the cluster's settings.
        text: its YAML, the default of the pipeline's parameter `config`.
        steps: the nodes in the graph's order.

    Raises:
        ConfigError: when image or root are not configured.
    """
    settings, root = config.kubeflow, root_of(config)
    builder = PackageBuilder(settings, image_of(settings))

    @dsl.pipeline(name=config.name.replace("_", "-"), description=f"medtfx: {config.name}")
    def pipeline(  # noqa: PLR0917 - KFP calls it with positions, and these are the pipeline's parameters
        config: str = text, root: str = root, data_span: str = "", span_window: str = "", training_steps: str = ""
    ) -> None:
        values = {
            CONFIG: config,
            ROOT: root,
            "data_span": data_span,
            "span_window": span_window,
            "training_steps": training_steps,
        }
        builder.build(steps, {name: values[name] for name in (CONFIG, ROOT, *OVERRIDES)})

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "package.yaml"
        compiler.Compiler().compile(pipeline, str(path))
        return path.read_text(encoding="utf-8")


@dataclass
class PackageBuilder:
    """Adds the tasks of one package to the pipeline that KFP is compiling."""

    settings: Kubeflow
    image: str
    _arguments: Arguments = field(default_factory=dict)
    _tasks: dict[str, PipelineTask] = field(default_factory=dict)

    def build(self, steps: Sequence[Step], arguments: Arguments) -> None:
        """Add every task; the report comes whatever happened to the others."""
        # Filled only where it is the whole value of a task's input: KFP's driver replaces it there, its launcher nowhere.
        self._arguments = arguments | {RUN_ID: dsl.PIPELINE_JOB_ID_PLACEHOLDER}
        options = ["--notify"] if self.settings.notify else []
        report = self._task(report_component(self.image, options), REPORT)
        with dsl.ExitHandler(report, name="run"):
            self._add(sections(steps))

    def _add(self, remaining: Sequence[Sequence[Step]]) -> None:
        """Add a section, then, where its last step lets go on, the next within; where it does not, the task that fails."""
        for step in remaining[0]:
            task = self._task(node_component(step, self.image), step.node)
            task.after(*(self._tasks[node] for node in step.after))
            self._tasks[step.node] = task
        gate = remaining[0][-1]
        if gate.refusal is None:
            return
        verdict = self._tasks[gate.node].outputs["verdict"]
        if remaining[1:]:
            with dsl.If(verdict == GO_ON, name=f"{task_name(gate.node)}-goes-on"):
                self._add(remaining[1:])
        with dsl.If(verdict != GO_ON, name=f"{task_name(gate.node)}-refuses"):
            refusal = refusal_component(gate.refusal, self.image)
            self._task(refusal, gate.refusal, retried=False)

    def _task(self, component: BaseComponent, name: str, *, retried: bool = True) -> PipelineTask:
        task = component(**self._arguments)
        configure(task, self.settings, self.settings.needs(name), retried=retried)
        return task.set_display_name(name)
