"""`medtfx predict`: from paths to lines on the terminal and an exit code."""

import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import typer

from pipeline.errors import ConfigError
from pipeline.prediction_formats import FORMATS, shown
from serving.client import Client, ClientError, Failure, Model, Outcome, Pace, Prediction, Server, read_rendering
from serving.client.source import found

SOME_FAILED = 3  # exit code


@dataclass(frozen=True)
class Way:
    """How to get to the server, and images into what it takes.

    Args:
        server: address and files of TLS.
        pace: how it is asked.
        rendering: of the model, an export or its model.json; None: the defaults.
    """

    server: Server
    pace: Pace
    rendering: Path | None


@dataclass
class Tally:
    """What became of images."""

    versions: Counter[int] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)

    def add(self, outcome: Outcome) -> None:
        """Count an outcome."""
        if isinstance(outcome, Prediction):
            self.versions[outcome.version] += 1
        else:
            self.reasons[outcome.reason] += 1

    def told(self) -> str:
        """Return the counts in a line."""
        by = ", ".join(f"{count} by version {version}" for version, count in sorted(self.versions.items()))
        why = ", ".join(f"{count} {reason}" for reason, count in sorted(self.reasons.items()))
        predicted = f"{self.versions.total():,} predicted" + (f" ({by})" if by else "")
        return f"{predicted}, {self.reasons.total():,} failed" + (f" ({why})" if why else "")


def predict_command(paths: Sequence[Path], model: tuple[str, int | None], way: Way, *, layout: str) -> int:
    """Predict, print, and return the exit code.

    Raises:
        ConfigError: when there is nothing to predict, or an option is wrong.
        ClientError: when the server can't be asked.
    """
    if layout not in FORMATS:
        raise ConfigError(f"--format: {layout!r}; expected one of {', '.join(FORMATS)}")
    rendering = None if way.rendering is None else read_rendering(way.rendering)
    sources = list(found(paths))
    if not sources:
        raise ConfigError("predict: the folders hold no file")
    tally, written = Tally(), FORMATS[layout](sys.stdout)
    with Client(way.server, Model(*model), rendering=rendering, pace=way.pace) as client:
        check_served(client)
        try:
            for outcome in client.predict(sources, progress=progress(len(sources), layout)):
                tally.add(outcome)
                written.add(outcome)
                tell_failure(outcome, layout)
        finally:  # what has been predicted counts when the server goes away, too
            say(tally.told())
            written.end()
        if client.rendered and rendering is None:
            say(f"{client.rendered:,} rendered with default settings; --rendering EXPORT renders as this model's training did")
    return SOME_FAILED if tally.reasons else 0


def check_served(client: Client) -> None:
    """Ask before any image is read whether there is such a model.

    Raises:
        ClientError: when none is ready to answer.
    """
    ready, wanted = client.versions(), client.model.version
    if not ready or wanted not in (None, *ready):
        which, known = "no version" if wanted is None else f"version {wanted} not", ", ".join(map(str, ready)) or "none"
        raise ClientError(f"model {client.model.name}: {which} ready to answer; ready: {known}")


def tell_failure(outcome: Outcome, layout: str) -> None:
    """Name a failure beside a table; the other formats hold it themselves."""
    if layout == "table" and isinstance(outcome, Failure):
        say(f"{shown(outcome.source)}: {outcome.reason}: {outcome.message}")


def say(text: str) -> None:
    """Write a line to stderr, over the progress if there is some."""
    start = "\r\x1b[K" if sys.stderr.isatty() else ""
    typer.echo(f"{start}medtfx: {text}", err=True)


def progress(total: int, layout: str) -> Callable[[int], None] | None:
    """Return what shows how many images are done; None where it would stand among the results, or in a file."""
    if not sys.stderr.isatty() or (layout != "table" and sys.stdout.isatty()):
        return None
    return lambda done: typer.echo(f"\r\x1b[K{done:,} of {total:,} images", nl=False, err=True)
