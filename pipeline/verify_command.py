"""`medtfx verify`: hold every file of a serving folder against the manifests."""

import json
from pathlib import Path

import typer

from components.pusher.verification import Difference, differences
from components.pusher.versions import Version, versions
from pipeline.errors import ConfigError

DIFFERENT = 1  # exit code


def verify_command(folder: Path, number: int | None, *, as_json: bool) -> int:
    """Print what differs and return the exit code: 0 when nothing does.

    Raises:
        ConfigError: there is no such version.
    """
    known = [version for version in versions(folder) if number in (None, version.number)]
    if number is not None and not known:
        raise ConfigError(f"version {number} is unknown here; `medtfx versions` lists what there is")
    found = [(version, differences(version)) for version in known]
    if as_json:
        typer.echo(json.dumps({"folder": str(folder), "versions": [_told(version, found) for version, found in found]}))
    else:
        for version, different in found:
            _print(version, different)
    return DIFFERENT if any(different for _, different in found) else 0


def _told(version: Version, different: list[Difference]) -> dict[str, object]:
    return {
        "version": version.number,
        "state": version.state.value,
        "files": len(version.files) if version.folder else 0,
        "differences": [{"kind": difference.kind, "file": difference.file} for difference in different],
    }


def _print(version: Version, different: list[Difference]) -> None:
    if version.folder is None:
        word = "no files left"
    else:
        word = f"{len(different)} DIFFERENT" if different else f"{len(version.files)} files as pushed"
    typer.echo(f"{version.number}  {version.state.value}: {word}")
    for difference in different:
        typer.echo(f"  {difference.kind}: {difference.file or 'the version itself'}")
