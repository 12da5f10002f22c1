from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from pipeline import config_file
from pipeline.kubeflow.steps import REFUSALS, Step, sections, steps_of
from pipeline.node_ids import GATES, NODES, PUSHER, REPORT

CONFIG = """
name: small
data: {manifest: /mnt/manifest.csv, classes: [ill, well], pseudonym_key_file: /only/on/the/cluster}
evaluation: {thresholds: [{metric: auc, at_least: 0.6}]}
gate: {rules: []}
"""
nodes = st.sampled_from([node for node in NODES if node != REPORT])


@given(st.lists(nodes))
def test_sections_hold_every_step_once_and_end_behind_what_may_refuse(order: list[str]) -> None:
    steps = [Step(node) for node in order]
    cut = sections(steps)
    assert [step for section in cut for step in section] == steps
    for section in cut:
        assert section
        assert not any(step.refusal for step in section[:-1])
    assert all(section[-1].refusal for section in cut[:-1])


def test_steps_are_the_graphs_nodes_in_their_order_without_reading_any_data() -> None:
    steps = steps_of(config_file.parse(CONFIG, name="text", folder=Path("/nowhere")))
    order = [step.node for step in steps]
    assert order == [node for node in NODES if node != REPORT]
    for step in steps:
        assert set(step.after) <= set(order[: order.index(step.node)])
    assert steps[0].after == ()


def test_every_gate_and_the_pusher_have_a_task_that_fails_for_them() -> None:
    assert set(REFUSALS) == {*GATES, PUSHER}
    assert Step("Trainer").refusal is None
