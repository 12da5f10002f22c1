from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from components.pusher.versions import versions
from pipeline.command_line import app
from pipeline.errors import ConfigError


def numbers(serving: Path) -> list[int]:
    return [version.number for version in versions(serving)]


def test_rollback_says_what_is_served_now(told: Callable[..., Any], serving: Path) -> None:
    first, second = numbers(serving)
    lines = told("rollback", as_json=False)
    assert lines[0] == f"withdrawn {second}; version {first} is served from the server's next look at the folder on"
    assert f"medtfx push {second}" in lines[1]


def test_pin_and_release_say_what_waits_and_what_is_served(told: Callable[..., Any], serving: Path) -> None:
    first, second = numbers(serving)
    assert told("pin", str(first)) == {"serves": first, "pinned": first, "waiting": [second]}
    assert told("pin", str(first), as_json=False)[0].startswith(f"version {first} is pinned: it stays served whatever is pushed")
    assert told("pin", "--release") == {"serves": second, "pinned": None, "released": [second]}


@pytest.mark.parametrize("words", [[], ["5", "--release"]])
def test_pin_asks_for_a_version_or_release(words: list[str], told: Callable[..., Any]) -> None:
    with pytest.raises(ConfigError, match="pin: expected a VERSION, or --release"):
        told("pin", *words)


def test_prune_says_what_it_freed(told: Callable[..., Any], serving: Path) -> None:
    assert told("prune", "--keep", "1") == {"removed": [], "freed": 0}
    told("rollback")
    assert told("prune", "--keep", "1", as_json=False) == [f"removed {numbers(serving)[-1]}; 0.0 MB freed"]
    assert CliRunner().invoke(app, ["prune", "--keep", "0", "--serving", str(serving)]).exit_code == 2
