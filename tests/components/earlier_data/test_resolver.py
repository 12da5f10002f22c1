from typing import Any

import pytest
from tfx.dsl.compiler import compiler
from tfx.dsl.components.common.importer import Importer
from tfx.orchestration.pipeline import Pipeline

from components.artifacts import IngestAccount
from components.data_gate.component import DataGate
from components.earlier_data.resolver import EARLIER_DATA_ID, earlier_data_resolver
from components.earlier_data.strategy import ACCOUNTS, BLESSING, CURRENT, STATISTICS
from components.image_example_gen.component import ImageExampleGenSpec

PRODUCERS = {
    ACCOUNTS: ("ImageExampleGen", ImageExampleGenSpec.OUTPUTS["account"].type),
    BLESSING: ("DataGate", DataGate.SPEC_CLASS.OUTPUTS["blessing"].type),
    STATISTICS: ("StatisticsGen", DataGate.SPEC_CLASS.INPUTS["statistics"].type),
}


@pytest.fixture(scope="module")
def channels() -> dict[str, Any]:
    """What ML Metadata is asked for under each of the strategy's keys."""
    ingest = Importer(source_uri="/account", artifact_type=IngestAccount).with_id("ImageExampleGen")
    node = earlier_data_resolver(ingest.outputs["result"])
    compiled = compiler.Compiler().compile(Pipeline(pipeline_name="p", pipeline_root="/root", components=[ingest, node]))
    inputs = next(found.pipeline_node.inputs for found in compiled.nodes if found.pipeline_node.node_info.id == EARLIER_DATA_ID)
    (graph,) = inputs.input_graphs.values()
    (by_key,) = (node.dict_node.node_ids for node in graph.nodes.values() if node.WhichOneof("kind") == "dict_node")
    asked = {key: inputs.inputs[graph.nodes[node].input_node.input_key].channels for key, node in by_key.items()}
    return {key: channel for key, (channel,) in asked.items()}


def contexts(channel: Any) -> dict[str, str]:
    return {query.type.name: query.name.field_value.string_value for query in channel.context_queries}


@pytest.mark.parametrize("key", PRODUCERS)
def test_earlier_runs_are_searched_for_what_a_node_of_the_graph_makes(channels: dict[str, Any], key: str) -> None:
    producer, kind = PRODUCERS[key]
    assert contexts(channels[key])["node"] == f"p.{producer}"
    assert channels[key].artifact_query.type.name == kind.TYPE_NAME


def test_only_the_current_account_is_of_this_run(channels: dict[str, Any]) -> None:
    assert {key for key, channel in channels.items() if "pipeline_run" in contexts(channel)} == {CURRENT}
