"""Hands a run's report over to a cluster: page and figures to files, a word to people."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pipeline.config import Config
from pipeline.kubeflow.notification import Message, notify

if TYPE_CHECKING:  # TensorFlow and TFX load with it
    from pipeline.run_result import RunResult


@dataclass(frozen=True)
class ReportRequest:
    """Where a report goes beside the root.

    Args:
        page_to: file for the page.
        metrics_to: file for a flat JSON object of numbers.
        executor_output_to: file in which KFP looks for the metadata of the Metrics artifact, which its page shows.
        notify: whether the addresses of kubeflow.notify are told.
    """

    page_to: Path | None = None
    metrics_to: Path | None = None
    executor_output_to: Path | None = None
    notify: bool = False


def hand_over(result: "RunResult", config: Config, request: ReportRequest) -> None:
    """Write page and metrics where a cluster looks for them; then notify, which changes nothing when it fails."""
    figures = numbers(result)
    if request.page_to is not None and result.report is not None:
        write(request.page_to, result.report.read_text(encoding="utf-8"))
    if request.metrics_to is not None:
        write(request.metrics_to, json.dumps(figures))
    if request.executor_output_to is not None:
        write(request.executor_output_to, json.dumps(executor_output(figures)))
    if request.notify:
        verdict = result.verdict
        notify(Message(config.name, result.run_id, verdict.value, verdict.exit_code, result.version), config.kubeflow.notify)


def executor_output(figures: dict[str, float]) -> dict[str, object]:
    """Return KFP's ExecutorOutput message that gives the artifact `metrics` its figures."""
    return {"artifacts": {"metrics": {"artifacts": [{"name": "metrics", "metadata": figures}]}}}


def numbers(result: "RunResult") -> dict[str, float]:
    """Return the figures of the report's summary under flat names, such as test_auc and train_images."""
    splits = (result.summary.get("data") or {}).get("splits", {})
    metrics = {f"test_{name}": value for name, value in (result.summary.get("test") or {}).items() if isinstance(value, float)}
    counts = {f"{name}_{count}": split[count] for name, split in splits.items() for count in ("images", "patients")}
    return {**metrics, **counts}


def write(path: Path, text: str) -> None:
    """Write a file of the caller's, with its parents."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
