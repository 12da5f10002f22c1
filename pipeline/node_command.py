"""`medtfx node`: launch one node of a run in a process of its own, as a container of a cluster does."""

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pipeline import interruption, logs, root, run_record
from pipeline.config import Config
from pipeline.display import Display, PlainDisplay
from pipeline.errors import ConfigError, RootInUseError
from pipeline.loading import tensorflow_loading
from pipeline.node_ids import NODES, REPORT
from pipeline.path_mask import PathMask
from pipeline.report_handover import ReportRequest, hand_over, write
from pipeline.root import Root
from pipeline.run_record import RunRecord, record_of
from pipeline.verdict import Verdict

GO_ON = "go_on"
NO_REPORT = ReportRequest()


@dataclass(frozen=True)
class NodeRequest:
    """Which node of which run, and where its outcome is written for a program.

    Args:
        node: the node's id.
        run_id: the run's id, equal for all its nodes.
        root: of the run.
        verdict_to: file for 'go_on' or the verdict of a refusal; None: a refusal is told by the exit code.
        report: where the report goes, with RunReport.
    """

    node: str
    run_id: str
    root: Path
    verdict_to: Path | None = None
    report: ReportRequest = NO_REPORT


def node_command(config: Config, request: NodeRequest) -> int:
    """Launch a node and return the exit code.

    Raises:
        ConfigError: for an unknown node or a bad run id.
        MedtfxError: when the node can't run or failed.
        KeyboardInterrupt: when interrupted; the same command continues.
    """
    if request.node not in NODES:
        raise ConfigError(f"--node {request.node}: unknown; expected one of {', '.join(NODES)}")
    if request.node != REPORT and request.report != NO_REPORT:
        raise ConfigError(f"{request.node} writes no report; --report-to, --metrics-to and the like go with --node {REPORT}")
    root.make_folder(request.root)
    os.umask(0o077)
    state = root.prepare(request.root)
    record = record_of(state, request.run_id)
    interruption.listen()
    (state.logs / request.run_id).mkdir(exist_ok=True)
    log = state.logs / request.run_id / f"{request.node}.log"
    with root.shared(state), logs.captured(log, PathMask(config, state.path)) as (_, err):
        verdict = launch_shown(config, state, request=request, record=record, display=PlainDisplay(err))
    if request.node == REPORT:
        clear_up(state, record, verdict)
    return told(request, verdict)


def launch_shown(config: Config, state: Root, *, request: NodeRequest, record: RunRecord, display: Display) -> Verdict | None:
    """Load TFX and launch the node; return the verdict of a refusal, for RunReport that of the run, None to go on."""
    with tensorflow_loading():  # five seconds: only once the words are known to be good
        from pipeline.single_node import SingleNode  # noqa: PLC0415

    single = SingleNode(config, state, record=record, display=display)
    if request.node != REPORT:
        return single.run(request.node)
    result = single.report()
    hand_over(result, config, request.report)
    return result.verdict


def clear_up(state: Root, record: RunRecord, verdict: Verdict | None) -> None:
    """Close a run that has its report; remove what nodes could continue from, if nobody is at work and no run may need it."""
    record.close()
    if verdict is not Verdict.FAILED and not run_record.open_runs(state) and not state.unfinished.exists():
        with suppress(RootInUseError), root.locked(state):
            root.sweep(state)


def told(request: NodeRequest, verdict: Verdict | None) -> int:
    """Return the exit code of an outcome; write it to a file instead where one was named."""
    refused = verdict is not None and verdict is not Verdict.FAILED and verdict.exit_code != 0
    if request.verdict_to is not None:
        write(request.verdict_to, verdict.value if verdict is not None and refused else GO_ON)
        return 0
    return verdict.exit_code if verdict is not None and refused and request.node != REPORT else 0
