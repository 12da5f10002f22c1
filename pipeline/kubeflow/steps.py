"""The nodes of the graph as steps of a package: their order, what each waits for, and where a run may end early."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline import graph
from pipeline.config import Config
from pipeline.node_ids import CLINICAL_GATE, DATA_GATE, INFRA_VALIDATOR, PUSHER, REPORT
from pipeline.root import Root

# Nodes that may end a run with a verdict, and the name of the task that then fails in their place. Pusher refuses a model that
# was taken back.
REFUSALS = {
    DATA_GATE: "refused-data",
    CLINICAL_GATE: "refused-model",
    INFRA_VALIDATOR: "refused-model",
    PUSHER: "refused-model",
}


@dataclass(frozen=True)
class Step:
    """A node as a task of the package.

    Args:
        node: the node's id in the graph.
        after: ids of the nodes whose end it waits for.
    """

    node: str
    after: tuple[str, ...] = ()

    @property
    def refusal(self) -> str | None:
        """Name of the task that fails when this node refuses, None for a node that can't."""
        return REFUSALS.get(self.node)


def steps_of(config: Config) -> tuple[Step, ...]:
    """Return the graph's nodes but RunReport in the graph's order; that one runs last whatever happened."""
    unread = graph.Inputs(manifest_sha256="", parts=(), key_file=None, key_id="", schema_file=Path("schema.pbtxt"))
    pipeline = graph.build(config, Root(Path("/root-of-the-run")), unread)  # only its shape is used
    return tuple(
        Step(node.id, tuple(sorted(upstream.id for upstream in node.upstream_nodes)))
        for node in pipeline.components
        if node.id != REPORT
    )


def sections(steps: Sequence[Step]) -> tuple[tuple[Step, ...], ...]:
    """Cut steps behind each that may refuse: a section runs only when the refusing step before it let go on."""
    cut: list[tuple[Step, ...]] = [()]
    for step in steps:
        cut[-1] += (step,)
        if step.refusal:
            cut.append(())
    return tuple(section for section in cut if section)
