"""What the runner knows about a run and no artifact holds."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from pipeline.verdict import Verdict

NodeState = Literal["ran", "cached", "failed", "not_run"]


class NodeFacts(BaseModel):
    """How one node went."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    node: str
    state: NodeState
    seconds: float = 0.0


class RunFacts(BaseModel):
    """The run's identity and outcome; nodes stand in the order in which they are launched."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    run_id: str
    verdict: Verdict
    version: str | None = None  # the served version, new or kept
    reason: str = ""  # of a failure: one sentence without paths or identifiers
    nodes: tuple[NodeFacts, ...] = ()
    versions: dict[str, str] = {}  # distribution -> version
    digests: dict[str, str] = {}  # what -> hex digest, such as 'configuration', 'manifest', 'code', 'model'
    machine: dict[str, str] = {}  # what -> text, such as 'processor', 'cores', 'memory'
