"""The DataGate node."""

import json
from collections.abc import Sequence

from tfx.dsl.components.base.base_component import BaseComponent
from tfx.dsl.components.base.executor_spec import ExecutorClassSpec
from tfx.types import BaseChannel, Channel, ComponentSpec, standard_artifacts
from tfx.types.component_spec import ChannelParameter, ExecutionParameter

from components.artifacts import DataBlessing, IngestAccount
from components.data_gate.executor import Executor
from pipeline.config import ShortcutBounds, SkewBounds


class DataGateSpec(ComponentSpec):
    """Inputs, output and parameters of DataGate."""

    PARAMETERS = {  # noqa: RUF012  TFX's form
        "classes": ExecutionParameter(type=str),
        "allowed_repeats": ExecutionParameter(type=int),
        "max_quarantined": ExecutionParameter(type=float),
        "slices": ExecutionParameter(type=str),
        "shortcut": ExecutionParameter(type=str),
        "skew": ExecutionParameter(type=str),
    }
    INPUTS = {  # noqa: RUF012  TFX's form
        "account": ChannelParameter(type=IngestAccount),
        "statistics": ChannelParameter(type=standard_artifacts.ExampleStatistics),
        "schema": ChannelParameter(type=standard_artifacts.Schema),
        "anomalies": ChannelParameter(type=standard_artifacts.ExampleAnomalies),
        "examples": ChannelParameter(type=standard_artifacts.Examples, optional=True),
    }
    OUTPUTS = {"blessing": ChannelParameter(type=DataBlessing)}  # noqa: RUF012  TFX's form


class DataGate(BaseComponent):
    """Accepts or refuses the data, before any training.

    Output `blessing`: a DataBlessing, 1 only if no finding refuses. With `examples` the findings on anomalies name rows.
    """

    SPEC_CLASS = DataGateSpec
    EXECUTOR_SPEC = ExecutorClassSpec(Executor)

    def __init__(  # noqa: PLR0913  a channel per node that it listens to
        self,
        *,
        account: BaseChannel,
        statistics: BaseChannel,
        schema: BaseChannel,
        anomalies: BaseChannel,
        examples: BaseChannel | None = None,
        classes: Sequence[str],
        allowed_repeats: int,
        max_quarantined: float,
        slices: Sequence[str],
        shortcut: ShortcutBounds,
        skew: SkewBounds,
    ) -> None:
        """Judge for the configured classes and slice columns.

        Accept this many identical images across splits, this share of unusable rows, metadata that tell this much, and
        splits that lie this far apart.
        """
        spec = DataGateSpec(
            account=account,
            statistics=statistics,
            schema=schema,
            anomalies=anomalies,
            examples=examples,
            classes=json.dumps(list(classes)),
            allowed_repeats=allowed_repeats,
            max_quarantined=max_quarantined,
            slices=json.dumps(list(slices)),
            shortcut=shortcut.model_dump_json(),
            skew=skew.model_dump_json(),
            blessing=Channel(type=DataBlessing),
        )
        super().__init__(spec=spec)
