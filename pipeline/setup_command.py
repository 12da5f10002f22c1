"""A step of the set-up: what it says, the command it runs, and why that failed. Standard library only."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

DISK_FULL = re.compile(r"No space left on device")
NO_NETWORK = re.compile(
    r"NewConnectionError|NameResolutionError|ConnectTimeout|ProxyError|dns error|Could not connect|Network is disabled"
)


class SetupError(Exception):
    """What the machine lacks, and the command that brings it."""


def say(text: str, speaker: str = "set-up") -> None:
    """Print one line of progress."""
    print(f"{speaker}: {text}", flush=True)


def cause(output: str) -> str:
    """Return what is to be done about a failure that the output of an installer shows, '' for one of its own kind."""
    if DISK_FULL.search(output):
        return "The disk is full. Free space and give the same command again.\n"
    if NO_NETWORK.search(output):
        return (
            "No package index answers: check the network and `pip config list`, then give the same command again. "
            "A machine without internet takes a bundle: `make wheelhouse` on one that has it (kubeflow/offline.md).\n"
        )
    return ""


def failed(command: Sequence[str], output: str) -> SetupError:
    """Return the error of a command: the cause where it is known, and the end of its output."""
    tail = "\n".join(output.strip().splitlines()[-12:])
    return SetupError(f"{cause(output)}`{' '.join(command[:6])} ...` failed:\n{tail}")


def surroundings() -> Mapping[str, str]:
    """Return the environment variables for an installer: this process's own without those that would mislead it."""
    return {name: value for name, value in os.environ.items() if name not in ("PYTHONDONTWRITEBYTECODE", "VIRTUAL_ENV")}


def run(command: Sequence[str], cwd: Path | None = None) -> str:
    """Run a command quietly and return its output; raise SetupError with the end of its output when it fails."""
    done = subprocess.run(
        command, check=False, cwd=cwd, env=surroundings(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    if done.returncode:
        raise failed(command, done.stdout)
    return done.stdout
