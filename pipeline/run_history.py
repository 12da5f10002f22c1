"""The runs of a root, as their reports' summaries tell."""

import json
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from components.image_example_gen.account_sums import account_sums
from pipeline.errors import ConfigError
from pipeline.root import Root

SUMMARIES = "RunReport/report/*/summary.json"  # below the artifacts
DRIFT_RULE = "data.drift"  # how the rules of its findings begin; a distance that is too great adds the key of its bound
SHOWN = "%Y-%m-%d %H:%M:%S"
STAMP = "%Y%m%dT%H%M%S"  # how a run id begins


@dataclass(frozen=True)
class PastRun:
    """A run that has a report.

    Args:
        run_id: its name.
        summary: content of summary.json.
        written: when that was, UTC: the place in time of a run whose id holds none, such as a cluster's.
    """

    run_id: str
    summary: Mapping[str, Any] = field(repr=False)
    written: str = ""

    @property
    def when(self) -> str:
        """The time when it began, UTC; '' for a run id that holds none."""
        try:
            begun = datetime.strptime(self.run_id.partition("-")[0], STAMP).replace(tzinfo=UTC)
        except ValueError:
            return ""
        return f"{begun:{SHOWN}}"

    @property
    def quarantine(self) -> Sequence[Mapping[str, Any]]:
        """Rows that gave no example: row, keyed hash of the file, reason."""
        return self.summary.get("quarantine") or ()

    @property
    def drift(self) -> Sequence[Mapping[str, Any]]:
        """Findings of the data gate on drift against the last accepted data."""
        said = (self.summary.get("gates") or {}).get("data_blessing") or {"findings": ()}
        return [finding for finding in said["findings"] if finding["rule"].startswith(DRIFT_RULE)]

    def as_json(self) -> dict[str, Any]:
        """Return the account, its sums and the findings on drift as plain values."""
        account = self.summary.get("data")
        sums = account_sums(account) if account else []
        return {
            "run_id": self.run_id,
            "when": self.when,
            "verdict": self.summary["verdict"],
            "version": self.summary["version"],
            "data": account,
            "sums": [{"left": item.left, "right": item.right, "holds": item.holds} for item in sums],
            "serving": self.summary.get("serving"),
            "drift": list(self.drift),
            "quarantine": list(self.quarantine),
        }


def existing_root(path: Path) -> Root:
    """Return a root to read from.

    Raises:
        ConfigError: when there is none at this path, or this user may not read it.
    """
    root = Root(path.absolute())
    try:
        known = (root.path / "format").is_file()
        if known:
            next(root.artifacts.iterdir(), None)  # a folder that may not be read looks empty to glob()
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; expected a root that this user may read. Name one with --root.") from error
    if not known:
        raise ConfigError(f"{path}: is no root of a run. Name one with --root, such as runs/demo.")
    return root


def past_runs(root: Root) -> list[PastRun]:
    """Return the runs that have a report, the earliest first, each with its newest; one that a kill cut short is left out."""
    found = {}
    for path in sorted(root.artifacts.glob(SUMMARIES), key=execution):
        try:
            summary = json.loads(path.read_text(encoding="utf-8"))
            written = datetime.fromtimestamp(path.stat().st_mtime, UTC)
            found[summary["run_id"]] = PastRun(summary["run_id"], summary, f"{written:{SHOWN}}")
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return sorted(found.values(), key=lambda run: (run.when or run.written, run.run_id))


def execution(summary: Path) -> tuple[int, str]:
    """Return what puts summaries into the order of their executions, whose number the folder bears."""
    return len(summary.parent.name), summary.parent.name


def past_run(root: Root, run_id: str | None) -> PastRun:
    """Return one run by the beginning of its id, the latest without one.

    Raises:
        ConfigError: when there is none, or several begin so.
    """
    runs = past_runs(root)
    if not runs:
        raise ConfigError(f"{root.path}: holds no report of a run yet")
    matches = runs[-1:] if run_id is None else [run for run in runs if run.run_id.startswith(run_id)]
    if len(matches) != 1:
        listing = shlex.join(["medtfx", "runs", "--root", str(root.path)])
        raise ConfigError(f"{run_id}: {len(matches)} of {len(runs)} runs begin so; `{listing}` lists them")
    return matches[0]
