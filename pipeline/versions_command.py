"""`medtfx versions`: what a serving folder holds and what each version stands on."""

import json
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import typer

from components.pusher.versions import Version, versions

SHOWN_DIGITS = 12  # of a digest
SHOWN_METRICS = ("auc", "accuracy")


def versions_command(folder: Path, *, as_json: bool) -> None:
    """Print every version of a serving folder, the newest first."""
    known = versions(folder)[::-1]
    if as_json:
        typer.echo(json.dumps({"folder": str(folder), "versions": [told(version) for version in known]}))
        return
    typer.echo(f"{folder}: {len(known)} {'version' if len(known) == 1 else 'versions'}")
    for line in table([row(version) for version in known]):
        typer.echo(line)


def told(version: Version) -> dict[str, Any]:
    """Return a version as plain values."""
    manifest = version.manifest
    return {
        "version": version.number,
        "state": version.state.value,
        "pinned": version.pinned,
        "pushed": manifest.get("created"),
        "run_id": manifest.get("run_id"),
        "repeats": manifest.get("repeats"),
        "metrics": manifest.get("metrics", {}),
        "data_digest": manifest.get("data_digest"),
        "model_digest": manifest.get("model_digest"),
        "bytes": size(version),
        "withdrawn": dict(version.withdrawn) or None,
    }


def size(version: Version) -> int:
    """Return what a version takes on the disk, in bytes, as its manifest says."""
    return sum(digest.size for digest in version.files.values()) if version.folder else 0


def row(version: Version) -> dict[str, str]:
    """Return a version's line for people, by column."""
    manifest = version.manifest
    metrics = {name: manifest.get("metrics", {}).get(name) for name in SHOWN_METRICS}
    return {
        "version": str(version.number),
        "state": version.state.value + (", pinned" if version.pinned else ""),
        "pushed (UTC)": when(manifest.get("created")),
        "run": str(manifest.get("run_id") or "-") + (f" (again {manifest['repeats']})" if manifest.get("repeats") else ""),
        **{name: "-" if value is None else f"{value:.4f}" for name, value in metrics.items()},
        "data": str(manifest.get("data_digest") or "-")[:SHOWN_DIGITS],
        "MB": f"{size(version) / 1e6:.1f}",
    }


def when(stamp: Any) -> str:
    """Return a manifest's time as 'YYYY-MM-DD HH:MM:SS', '-' without one."""
    try:
        return f"{datetime.fromisoformat(str(stamp)):%Y-%m-%d %H:%M:%S}"
    except ValueError:
        return "-"


def table(rows: Sequence[dict[str, str]]) -> list[str]:
    """Return rows of equal columns as aligned lines under their names; nothing for no row."""
    if not rows:
        return []
    lines = [list(rows[0]), *(list(row.values()) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]
