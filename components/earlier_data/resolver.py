"""The EarlierData node."""

from tfx.dsl.components.common.resolver import Resolver
from tfx.types import BaseChannel, Channel, standard_artifacts

from components.artifacts import DataBlessing, IngestAccount
from components.earlier_data.strategy import AcceptedData

EARLIER_DATA_ID = "EarlierData"


def earlier_data_resolver(account: BaseChannel) -> Resolver:
    """Return the node with the outputs `accounts`, of all earlier accepted data, and `statistics`, of the last accepted.

    The channels without a node behind them look at all earlier runs.

    Args:
        account: output `account` of the node ImageExampleGen in this run.
    """
    return Resolver(
        strategy_class=AcceptedData,
        config={},
        # Without output_key: TFX would take it for the same input as the one of this run. The node has no other of this type.
        accounts=Channel(type=IngestAccount, producer_component_id="ImageExampleGen"),
        current=account,
        blessing=Channel(type=DataBlessing, producer_component_id="DataGate", output_key="blessing"),
        statistics=Channel(type=standard_artifacts.ExampleStatistics, producer_component_id="StatisticsGen"),
    ).with_id(EARLIER_DATA_ID)
