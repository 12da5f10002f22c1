"""The ClinicalGate node."""

from tfx.dsl.components.base.base_component import BaseComponent
from tfx.dsl.components.base.executor_spec import ExecutorClassSpec
from tfx.types import BaseChannel, Channel, ComponentSpec, standard_artifacts
from tfx.types.component_spec import ChannelParameter, ExecutionParameter

from components.artifacts import PredictionTable
from components.clinical_gate.executor import Executor
from components.clinical_gate.settings import GateSettings


class ClinicalGateSpec(ComponentSpec):
    """Inputs, output and parameter of ClinicalGate."""

    PARAMETERS = {"settings": ExecutionParameter(type=str)}  # noqa: RUF012  TFX's form
    INPUTS = {  # noqa: RUF012  TFX's form
        "predictions": ChannelParameter(type=PredictionTable),
        "evaluation": ChannelParameter(type=standard_artifacts.ModelEvaluation),
        "model": ChannelParameter(type=standard_artifacts.Model),
        "evaluator_blessing": ChannelParameter(type=standard_artifacts.ModelBlessing),
    }
    OUTPUTS = {"blessing": ChannelParameter(type=standard_artifacts.ModelBlessing)}  # noqa: RUF012  TFX's form


class ClinicalGate(BaseComponent):
    """Accepts or refuses the candidate, or finds the evidence insufficient.

    Output `blessing`: a ModelBlessing; `blessed` is 1 only if every threshold and every rule holds.
    """

    SPEC_CLASS = ClinicalGateSpec
    EXECUTOR_SPEC = ExecutorClassSpec(Executor)

    def __init__(
        self,
        *,
        predictions: BaseChannel,
        evaluation: BaseChannel,
        model: BaseChannel,
        evaluator_blessing: BaseChannel,
        settings: GateSettings,
    ) -> None:
        """Judge by the Evaluator's metrics and the table of predictions."""
        spec = ClinicalGateSpec(
            predictions=predictions,
            evaluation=evaluation,
            model=model,
            evaluator_blessing=evaluator_blessing,
            settings=settings.model_dump_json(),
            blessing=Channel(type=standard_artifacts.ModelBlessing),
        )
        super().__init__(spec=spec)
