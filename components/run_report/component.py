"""The RunReport node."""

from collections.abc import Mapping

from tfx.dsl.components.base import base_component, executor_spec
from tfx.orchestration.data_types import RuntimeParameter
from tfx.types import BaseChannel, Channel, component_spec, standard_artifacts
from tfx.types.artifact import Artifact

from components.artifacts import DataBlessing, IngestAccount, LeakageProof, PredictionTable, Report
from components.run_report.executor import Executor

INPUT_TYPES: dict[str, type[Artifact]] = {
    "account": IngestAccount,
    "statistics": standard_artifacts.ExampleStatistics,
    "anomalies": standard_artifacts.ExampleAnomalies,
    "earlier_statistics": standard_artifacts.ExampleStatistics,
    "data_blessing": DataBlessing,
    "leakage_proof": LeakageProof,
    "model": standard_artifacts.Model,
    "model_run": standard_artifacts.ModelRun,
    "evaluation": standard_artifacts.ModelEvaluation,
    "predictions": PredictionTable,
    "model_blessing": standard_artifacts.ModelBlessing,
    "infra_blessing": standard_artifacts.InfraBlessing,
    "pushed_model": standard_artifacts.PushedModel,
    "examples": standard_artifacts.Examples,
}


class RunReportSpec(component_spec.ComponentSpec):
    """Every input is optional: after a refusal most are missing."""

    PARAMETERS = {  # noqa: RUF012 - TFX reads the class attribute
        "config": component_spec.ExecutionParameter(type=str),
        "run_facts": component_spec.ExecutionParameter(type=str),
    }
    INPUTS = {  # noqa: RUF012
        name: component_spec.ChannelParameter(type=kind, optional=True) for name, kind in INPUT_TYPES.items()
    }
    OUTPUTS = {"report": component_spec.ChannelParameter(type=Report)}  # noqa: RUF012


class RunReport(base_component.BaseComponent):
    """Writes report.html and summary.json about one run.

    Args:
        inputs: outputs of other nodes by name (of INPUT_TYPES).
        config: the configuration, JSON of pipeline.config.Config.
        run_facts: what the runner knows, JSON of run_facts.RunFacts, or a runtime parameter that will hold it.
    """

    SPEC_CLASS = RunReportSpec
    EXECUTOR_SPEC = executor_spec.ExecutorClassSpec(Executor)

    def __init__(self, inputs: Mapping[str, BaseChannel], *, config: str, run_facts: str | RuntimeParameter) -> None:
        """Join the node to those outputs that the graph has.

        Raises:
            ValueError: an input's name is not one of INPUT_TYPES, which TFX would drop without a word.
        """
        unknown = sorted(inputs.keys() - INPUT_TYPES.keys())
        if unknown:
            raise ValueError(f"inputs {', '.join(unknown)} are unknown; expected some of {', '.join(INPUT_TYPES)}")
        spec = RunReportSpec(**inputs, config=config, run_facts=run_facts, report=Channel(type=Report))
        super().__init__(spec=spec)
