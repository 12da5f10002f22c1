"""What the processes of one run tell each other below the root: the compiled graph, failures, whether the run goes on.

runs/<run id>/ of a run whose nodes are started one by one, each in a process of its own:
  config         digest of the configuration that it was begun with
  graph.pb       the graph, compiled by the first node: equal for every node, whatever has become of the data since
  <node>.json    verdict and reason of a failed node, until it succeeds
  open           touched by every node, removed by the report: what lies in work/ may still be needed
"""

import json
import re
import time
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import ConfigError
from pipeline.root import Root, write_atomically
from pipeline.verdict import Verdict

OPEN_DAYS = 14  # a run whose last node is longer ago was given up without a report
RUN_ID = r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}"


@dataclass(frozen=True)
class Failure:
    """Why a node failed: the verdict that follows, and one masked line."""

    verdict: Verdict
    reason: str


@dataclass(frozen=True)
class RunRecord:
    """The folder of one run."""

    folder: Path

    def begin(self, config_digest: str) -> None:
        """Take the run up, or begin it.

        Raises:
            ConfigError: when it was begun with another configuration.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "open").touch()
        known = self.folder / "config"
        if not known.exists():
            write_atomically(known, config_digest)
        elif known.read_text() != config_digest:
            raise ConfigError(
                f"run {self.folder.name} was begun with another configuration. Give every node of a run the same one."
            )

    def close(self) -> None:
        """Note that the run has its report."""
        (self.folder / "open").unlink(missing_ok=True)

    @property
    def graph(self) -> bytes | None:
        """The compiled graph as its message's bytes, None before the first node has made it."""
        file = self.folder / "graph.pb"
        return file.read_bytes() if file.exists() else None

    def keep_graph(self, content: bytes) -> None:
        """Write the compiled graph, whole or not at all."""
        write_atomically(self.folder / "graph.pb", content)

    def note_failure(self, node: str, failure: Failure) -> None:
        """Keep why a node failed, for the report."""
        text = json.dumps({"verdict": failure.verdict.value, "reason": failure.reason})
        write_atomically(self._failure_file(node), text)

    def forget_failure(self, node: str) -> None:
        """Forget that an earlier try of a node failed."""
        self._failure_file(node).unlink(missing_ok=True)

    def failure(self, node: str) -> Failure | None:
        """Return why a node failed, None when it did not."""
        try:
            told = json.loads(self._failure_file(node).read_text())
        except FileNotFoundError:
            return None
        return Failure(Verdict(told["verdict"]), told["reason"])

    def _failure_file(self, node: str) -> Path:
        return self.folder / f"{node}.json"


def record_of(state: Root, run_id: str) -> RunRecord:
    """Return the record of a run, begun or not.

    Raises:
        ConfigError: for a run id that can't be a folder's name.
    """
    if not re.fullmatch(RUN_ID, run_id):
        raise ConfigError(f"--run-id {run_id!r}: expected letters, digits, '-', '_' and '.', at most 80, such as a UUID")
    return RunRecord(state.runs / run_id)


def open_runs(state: Root) -> list[str]:
    """Return the runs whose nodes may still need what lies in work/."""
    since = time.time() - OPEN_DAYS * 24 * 3600
    return sorted(mark.parent.name for mark in state.runs.glob("*/open") if mark.stat().st_mtime > since)
