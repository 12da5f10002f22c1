"""The DataGate node."""

from tfx.dsl.components.base.base_component import BaseComponent
from tfx.dsl.components.base.executor_spec import ExecutorClassSpec
from tfx.types import BaseChannel, Channel, ComponentSpec, standard_artifacts
from tfx.types.component_spec import ChannelParameter, ExecutionParameter

from components.artifacts import DataBlessing, IngestAccount, LeakageProof
from components.data_gate.executor import Executor
from components.data_gate.settings import DataGateSettings


class DataGateSpec(ComponentSpec):
    """Inputs, outputs and parameter of DataGate."""

    PARAMETERS = {"settings": ExecutionParameter(type=str)}  # noqa: RUF012  TFX's form
    INPUTS = {  # noqa: RUF012  TFX's form
        "account": ChannelParameter(type=IngestAccount),
        "statistics": ChannelParameter(type=standard_artifacts.ExampleStatistics),
        "schema": ChannelParameter(type=standard_artifacts.Schema),
        "anomalies": ChannelParameter(type=standard_artifacts.ExampleAnomalies),
        "examples": ChannelParameter(type=standard_artifacts.Examples),
        "earlier_accounts": ChannelParameter(type=IngestAccount, optional=True),
        "earlier_statistics": ChannelParameter(type=standard_artifacts.ExampleStatistics, optional=True),
    }
    OUTPUTS = {  # noqa: RUF012  TFX's form
        "blessing": ChannelParameter(type=DataBlessing),
        "leakage_proof": ChannelParameter(type=LeakageProof),
    }


class DataGate(BaseComponent):
    """Accepts or refuses the data, before any training.

    Outputs: `blessing`, a DataBlessing, 1 only if no finding refuses; `leakage_proof`, a LeakageProof. Without
    `earlier_accounts` (of runs whose data were accepted) nothing is compared with earlier test splits, and without
    `earlier_statistics` (of the last of them) nothing with earlier distributions.
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
        examples: BaseChannel,
        earlier_accounts: BaseChannel | None = None,
        earlier_statistics: BaseChannel | None = None,
        settings: DataGateSettings,
    ) -> None:
        """Judge what these nodes left."""
        spec = DataGateSpec(
            account=account,
            statistics=statistics,
            schema=schema,
            anomalies=anomalies,
            examples=examples,
            earlier_accounts=earlier_accounts,
            earlier_statistics=earlier_statistics,
            settings=settings.model_dump_json(),
            blessing=Channel(type=DataBlessing),
            leakage_proof=Channel(type=LeakageProof),
        )
        super().__init__(spec=spec)
