import re
from typing import Any

import pytest
from kfp.pipeline_spec import pipeline_spec_pb2 as pb

from pipeline.kubeflow.components import INPUTS, node_component, refusal_component, report_component, task_name
from pipeline.kubeflow.steps import Step
from pipeline.node_ids import NODES

IMAGE = "registry.example/medtfx:0.1.0"


def command_of(component: Any) -> tuple[list[str], list[str]]:
    """Return command and arguments of a component."""
    (executor,) = component.pipeline_spec.deployment_spec["executors"].values()
    container = executor["container"]
    assert container["image"] == IMAGE
    return list(container["command"]), list(container["args"])


def spec_of(component: Any) -> pb.ComponentSpec:
    (spec,) = component.pipeline_spec.components.values()
    return spec


@pytest.mark.parametrize("node", NODES)
def test_name_of_a_task_is_one_that_a_pod_may_bear_and_no_other_nodes(node: str) -> None:
    assert re.fullmatch(r"[a-z]([a-z0-9-]{0,40}[a-z0-9])?", task_name(node))
    assert sum(task_name(other) == task_name(node) for other in NODES) == 1


@pytest.mark.parametrize("node", ["Trainer", "DataGate"])
def test_node_gets_every_input_and_puts_out_a_verdict_only_where_it_may_refuse(node: str) -> None:
    component = node_component(Step(node), IMAGE)
    command, words = command_of(component)
    assert command == ["medtfx", "node"]
    assert words[:2] == ["--node", node]
    assert set(spec_of(component).input_definitions.parameters) == set(INPUTS)
    for name in INPUTS:
        assert any(f"inputs.parameters['{name}']" in word for word in words), name
    assert ("--verdict-to" in words) is (node == "DataGate")
    assert set(spec_of(component).output_definitions.parameters) == ({"verdict"} if node == "DataGate" else set())


def test_report_puts_out_page_and_metrics_where_kfps_page_looks_for_them() -> None:
    component = report_component(IMAGE, ["--notify"])
    outputs = spec_of(component).output_definitions.artifacts
    kinds = {name: outputs[name].artifact_type.schema_title for name in outputs}
    assert kinds == {"report": "system.HTML", "metrics": "system.Metrics"}
    _, words = command_of(component)
    for option in ("--report-to", "--metrics-to", "--executor-output-to"):
        assert "{{$" in words[words.index(option) + 1]
    assert words[-1] == "--notify"


def test_refusal_asks_for_the_outcome_of_the_same_run() -> None:
    command, words = command_of(refusal_component("refused-data", IMAGE))
    assert command == ["medtfx", "outcome"]
    assert words == command_of(node_component(Step("Trainer"), IMAGE))[1][2:]
