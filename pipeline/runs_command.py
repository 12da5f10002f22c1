"""`medtfx runs`: which runs a root has seen, and what one made of its data."""

import json
from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

import typer

from components.image_example_gen.account_sums import account_sums
from components.image_example_gen.row_number import row_name
from components.infra_validator.measured import serving_in_words
from pipeline.errors import ConfigError
from pipeline.reasons import MEANING
from pipeline.run_history import DRIFT_RULE, PastRun, existing_root, past_run, past_runs

SHOWN_ROWS = 20
SHOWN_DIGITS = 12  # of a file's hash: what `index --which` needs
MEANINGS = {str(reason): words for reason, words in MEANING.items()}


def list_command(root_path: Path | None) -> None:
    """Print a line per run of a root; without one, of every root below `runs/`, where `medtfx run` puts them.

    Raises:
        ConfigError: when there is no root.
    """
    roots = [root_path] if root_path else sorted(marker.parent for marker in Path("runs").glob("*/format"))
    if not roots:
        raise ConfigError("runs: there is no root below runs/ here. Name one with --root, such as runs/demo.")
    for path in roots:
        if root_path is None:
            typer.echo(f"{path}:")
        _list_runs(path)


def _list_runs(path: Path) -> None:
    runs = past_runs(existing_root(path))
    typer.echo(f"{'run':<22}{'begun (UTC)':<21}{'verdict':<23}version")
    for run in runs:
        typer.echo(f"{run.run_id:<22}{run.when:<21}{run.summary['verdict']:<23}{run.summary['version'] or '-'}")


def show_command(run_id: str | None, root_path: Path, *, as_json: bool) -> None:
    """Print a run's account, its sums, how the data have drifted and what was quarantined.

    Raises:
        ConfigError: when there is no root or no such run.
    """
    run = past_run(existing_root(root_path), run_id)
    if as_json:
        typer.echo(json.dumps(run.as_json()))
        return
    for line in shown(run):
        typer.echo(line)


def shown(run: PastRun) -> Iterator[str]:
    """Yield a run's lines for people."""
    yield f"run {run.run_id}, begun {run.when} UTC: {run.summary['verdict']}, version {run.summary['version'] or '-'}"
    account = run.summary.get("data")
    if account is None:
        yield "no account of the data: the run ended before its ingest did"
        return
    for item in account_sums(account):
        yield f"{item.left} = {item.right}" if item.holds else f"{item.left}, but {item.right}: THE SUM DOES NOT ADD UP"
    for reason, count in ((account.get("indexed") or {}).get("skipped") or {}).items():
        yield f"  skipped {count:,}: {reason}"
    yield from _left_out(account)
    for name, split in account["splits"].items():
        yield f"{name}: {split['images']:,} images of {split['patients']:,} patients"
    if run.summary.get("serving"):
        yield f"serving: {serving_in_words(run.summary['serving'])}"
    for finding in run.drift:
        bound = "" if finding["rule"] == DRIFT_RULE else f"; expected {finding['expected']}"
        yield f"drift: {finding['subject']}: {finding['found']}{bound}"
    yield from _quarantined(run)


def _left_out(account: Mapping[str, Any]) -> Iterator[str]:
    """Yield a line per reason for which rows were left out on purpose, then a line per span."""
    for reason, count in account["skipped"].items():
        yield f"  left out {count:,}: {reason} ({MEANINGS.get(reason, reason)})"
    for its in account.get("spans") or ():
        yield (
            f"span {its['span']}: {its['rows']:,} rows = {its['example']:,} examples + {its['quarantined']:,} quarantined "
            f"+ {its['skipped']:,} skipped"
        )


def _quarantined(run: PastRun) -> Iterator[str]:
    """Yield a line per reason and one per row, the first of many."""
    ordered = sorted(run.quarantine, key=lambda item: (item["reason"], item["row"]))
    for reason, group in groupby(ordered, key=lambda item: item["reason"]):
        rows = list(group)
        yield f"quarantined {len(rows):,}: {reason} ({MEANINGS.get(reason, reason)})"
        yield from (f"  {row_name(item['row'])}, file {item['file'][:SHOWN_DIGITS]}" for item in rows[:SHOWN_ROWS])
        if len(rows) > SHOWN_ROWS:
            yield f"  and {len(rows) - SHOWN_ROWS:,} more; --json has them all"
