"""What a run has come to: the word of a gate that refused, or what Pusher's outcome and the serving folder say."""

from collections.abc import Mapping
from pathlib import Path

from tfx.utils import path_utils

from components import blessing
from components.blessing import Finding
from components.pusher.executor import ALREADY_SERVED
from components.pusher.served import standing
from components.pusher.versions import Version, served, versions
from pipeline.errors import MedtfxError
from pipeline.node_ids import GATES, PUSHER, TRAINER
from pipeline.node_launch import NodeOutcome
from pipeline.push_verdict import push_findings, push_note, push_verdict
from pipeline.run_result import RunResult
from pipeline.verdict import Verdict


class NodeFailedError(MedtfxError):
    """A node ended without its outputs."""


def refusal(outcome: NodeOutcome) -> tuple[Verdict, tuple[Finding, ...]] | None:
    """Return verdict and findings of a gate that refused, None for every other outcome."""
    key = GATES.get(outcome.node)
    if key is None or not outcome.done or blessing.is_blessed(outcome.outputs[key][0]):
        return None
    verdict, findings = blessing.read(outcome.outputs[key][0].uri)
    return Verdict(verdict), findings


def standing_model(outcomes: Mapping[str, NodeOutcome], serving_dir: Path) -> Version | None:
    """Return what this run's model is in the serving folder."""
    model = outcomes[TRAINER].outputs["model"][0]
    return standing(Path(path_utils.serving_model_path(model.uri)), serving_dir)


def conclude(result: RunResult, serving_dir: Path) -> str:
    """Fill in verdict and version of a run whose Pusher has ended; return what a user should know beside them, '' for nothing.

    Raises:
        NodeFailedError: when the version is gone again.
    """
    push = result.outcomes[PUSHER]
    version = standing_model(result.outcomes, serving_dir)
    if version is None:
        raise NodeFailedError("the pushed version is gone from the serving folder, or damaged; run again to push it again")
    before = push.cached or push.outputs["pushed_model"][0].get_int_custom_property(ALREADY_SERVED) == 1
    result.verdict = push_verdict(version, before=before)
    result.findings = push_findings(version)
    result.version = str(version.number)
    result.pushed_to = None if result.verdict is Verdict.WITHDRAWN else version.folder
    now = served(versions(serving_dir))
    return push_note(version, now.number if now else None)
