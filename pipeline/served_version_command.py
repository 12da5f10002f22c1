"""`medtfx rollback`, `pin` and `prune`: which version is served, and which are kept."""

import json
from pathlib import Path

import typer

from components.pusher.pin import pin, release
from components.pusher.prune import prune
from components.pusher.rollback import roll_back
from components.pusher.versions import served, versions
from pipeline.errors import ConfigError


def rollback_command(folder: Path, to: int | None, *, as_json: bool) -> None:
    """Serve an earlier version again and say which.

    Raises:
        ConfigError: there is none, or a version is pinned.
    """
    done = roll_back(folder, to)
    if as_json:
        typer.echo(json.dumps({"serves": done.serves, "withdrawn": list(done.withdrawn)}))
        return
    typer.echo(
        f"withdrawn {_listed(done.withdrawn)}; version {done.serves} is served from the server's next look at the folder on"
    )
    typer.echo(f"a run does not push a withdrawn model again; `medtfx push {done.withdrawn[-1]}` does")


def pin_command(folder: Path, number: int | None, *, let_go: bool, as_json: bool) -> None:
    """Pin a version, or release the pin, and say what waits or is served.

    Raises:
        ConfigError: neither or both were asked for, or it can't be done.
    """
    if (number is None) != let_go:
        raise ConfigError("pin: expected a VERSION, or --release")
    waiting = release(folder) if number is None else pin(folder, number)
    now = served(versions(folder))
    serves = now.number if now else None
    if as_json:
        typer.echo(json.dumps({"serves": serves, "pinned": number, "waiting" if number else "released": list(waiting)}))
    elif number is None:
        typer.echo(f"released; version {serves} is served from the server's next look at the folder on")
    else:
        typer.echo(f"version {number} is pinned: it stays served whatever is pushed, until `medtfx pin --release`")
        if waiting:
            typer.echo(f"waiting from now on: {_listed(waiting)}")


def prune_command(folder: Path, keep: int, *, as_json: bool) -> None:
    """Remove old versions and say what that freed."""
    done = prune(folder, keep)
    if as_json:
        typer.echo(json.dumps({"removed": list(done.removed), "freed": done.freed}))
    else:
        typer.echo(f"removed {_listed(done.removed)}; {done.freed / 1e6:.1f} MB freed")


def _listed(numbers: tuple[int, ...]) -> str:
    return ", ".join(map(str, numbers)) or "nothing"
