"""The Predictions node."""

import json
from collections.abc import Sequence

from tfx.dsl.components.base.base_component import BaseComponent
from tfx.dsl.components.base.executor_spec import ExecutorClassSpec
from tfx.types import BaseChannel, Channel, ComponentSpec, standard_artifacts
from tfx.types.component_spec import ChannelParameter, ExecutionParameter

from components.artifacts import PredictionTable
from components.predictions.executor import Executor


class PredictionsSpec(ComponentSpec):
    """Inputs, output and parameters of Predictions."""

    PARAMETERS = {  # noqa: RUF012  TFX's form
        "classes": ExecutionParameter(type=str),
        "slices": ExecutionParameter(type=str),
    }
    INPUTS = {  # noqa: RUF012  TFX's form
        "examples": ChannelParameter(type=standard_artifacts.Examples),
        "model": ChannelParameter(type=standard_artifacts.Model),
        "baseline_model": ChannelParameter(type=standard_artifacts.Model, optional=True),
    }
    OUTPUTS = {"predictions": ChannelParameter(type=PredictionTable)}  # noqa: RUF012  TFX's form


class Predictions(BaseComponent):
    """Predicts val and test with the candidate and the baseline.

    Output `predictions`: predictions.parquet; table.py says its columns.
    """

    SPEC_CLASS = PredictionsSpec
    EXECUTOR_SPEC = ExecutorClassSpec(Executor)

    def __init__(
        self,
        *,
        examples: BaseChannel,
        model: BaseChannel,
        baseline_model: BaseChannel | None = None,
        classes: Sequence[str],
        slices: Sequence[str],
    ) -> None:
        """Predict for the configured classes and keep these slice columns."""
        spec = PredictionsSpec(
            examples=examples,
            model=model,
            baseline_model=baseline_model,
            classes=json.dumps(list(classes)),
            slices=json.dumps(list(slices)),
            predictions=Channel(type=PredictionTable),
        )
        super().__init__(spec=spec)
