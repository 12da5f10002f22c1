import json
from pathlib import Path
from typing import Any

import pytest
from tfx.dsl.compiler import compiler
from tfx.dsl.components.common.importer import Importer
from tfx.orchestration.pipeline import Pipeline
from tfx.types import Channel, standard_artifacts

from components.baseline.resolver import BASELINE_ID, baseline_resolver
from components.baseline.strategy import BLESSING, CANDIDATE, MODEL, PUSHED_MODEL
from components.clinical_gate.component import ClinicalGate
from components.clinical_gate.settings import image_form
from components.pusher.component import Pusher
from components.trainer.component import Trainer
from pipeline.config import Image

PRODUCERS = {MODEL: (Trainer, "model"), BLESSING: (ClinicalGate, "blessing"), PUSHED_MODEL: (Pusher, "pushed_model")}


@pytest.fixture(scope="module")
def inputs() -> Any:
    """The resolver's inputs in a compiled pipeline whose Trainer makes the candidate."""
    trained = Importer(source_uri="/model", artifact_type=standard_artifacts.Model).with_id("Trainer")
    node = baseline_resolver(
        trained.outputs["result"], classes=("normal", "ill, or not"), image=Image(size=64), root=Path("/root")
    )
    compiled = compiler.Compiler().compile(Pipeline(pipeline_name="p", pipeline_root="/root", components=[trained, node]))
    return next(found.pipeline_node.inputs for found in compiled.nodes if found.pipeline_node.node_info.id == BASELINE_ID)


@pytest.fixture(scope="module")
def channels(inputs: Any) -> dict[str, Any]:
    """What ML Metadata is asked for under each of the strategy's keys."""
    (graph,) = inputs.input_graphs.values()
    (by_key,) = (node.dict_node.node_ids for node in graph.nodes.values() if node.WhichOneof("kind") == "dict_node")
    asked = {key: inputs.inputs[graph.nodes[node].input_node.input_key].channels for key, node in by_key.items()}
    return {key: channel for key, (channel,) in asked.items()}


def contexts(channel: Any) -> dict[str, str]:
    return {query.type.name: query.name.field_value.string_value for query in channel.context_queries}


@pytest.mark.parametrize("key", PRODUCERS)
def test_earlier_runs_are_searched_for_what_a_node_of_the_graph_makes(channels: dict[str, Any], key: str) -> None:
    producer, output = PRODUCERS[key]
    assert contexts(channels[key])["node"] == f"p.{producer.__name__}"  # a node's id, unless it is given another
    assert channels[key].artifact_query.type.name == producer.SPEC_CLASS.OUTPUTS[output].type.TYPE_NAME
    assert channels[key].output_key in {output, ""}


def test_only_the_candidate_is_of_this_run(channels: dict[str, Any]) -> None:
    assert {key for key, channel in channels.items() if "pipeline_run" in contexts(channel)} == {CANDIDATE}


def test_strategy_is_told_the_classes_in_their_order_and_the_image_form(inputs: Any) -> None:
    (graph,) = inputs.input_graphs.values()
    (strategy,) = (node.op_node for node in graph.nodes.values() if node.WhichOneof("kind") == "op_node")
    assert json.loads(strategy.kwargs["classes"].value.field_value.string_value) == ["normal", "ill, or not"]
    assert strategy.kwargs["image"].value.field_value.string_value == image_form(Image(size=64))


def test_baseline_is_a_model() -> None:
    node = baseline_resolver(Channel(type=standard_artifacts.Model), classes=("a", "b"), image=Image(), root=Path("/root"))
    assert node.outputs["model"].type is standard_artifacts.Model
