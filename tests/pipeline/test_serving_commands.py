"""The commands about what is served, on a folder of real pushes; their exit codes are tested through the command line."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from components.pusher.manifest import Provenance
from components.pusher.push import push
from components.pusher.versions import versions
from pipeline.command_line import app
from pipeline.errors import ConfigError
from pipeline.push_command import Target, push_command
from pipeline.root import Root
from pipeline.serving_folder import ServingFolder

BLESSINGS = {"ClinicalGate": "accepted", "InfraValidator": "accepted"}
FIRST, SECOND = "20260102T030405-1a2b", "20260103T030405-3c4d"
Told = Callable[..., Any]


@pytest.fixture
def serving(tmp_path: Path) -> Path:
    """Two versions of a model."""
    for name, auc in (("a", 0.91), ("b", 0.92)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "saved_model.pb").write_text(name)
        known = Provenance(FIRST, 1, BLESSINGS, data_digest="d" * 64, metrics={"auc": auc})
        push(tmp_path / name, tmp_path / "demo", provenance=known, check=lambda _: None)
    return tmp_path / "demo"


@pytest.fixture
def told(serving: Path) -> Told:
    """Run a command on that folder; return its JSON object, or its lines without --json, and check its exit code."""

    def run(*words: str, code: int = 0, as_json: bool = True) -> Any:
        extra = ["--json"] if as_json else []
        result = CliRunner().invoke(app, [*words, "--serving", str(serving), *extra], catch_exceptions=False)
        assert result.exit_code == code, result.output
        return json.loads(result.output) if as_json else result.output.splitlines()

    return run


def numbers(serving: Path) -> list[int]:
    return [version.number for version in versions(serving)]


def test_versions_are_listed_newest_first_with_what_they_stand_on(told: Told, serving: Path) -> None:
    second = numbers(serving)[-1]
    told("pin", str(second))
    header, names, *lines = told("versions", as_json=False)
    assert header == f"{serving}: 2 versions"
    assert names.split() == ["version", "state", "pushed", "(UTC)", "run", "auc", "accuracy", "data", "MB"]
    assert lines[0].startswith(f"{second}  served, pinned  20")
    assert lines[1].split()[-5:] == [FIRST, "0.9100", "-", "d" * 12, "0.0"]
    assert [version["metrics"] for version in told("versions")["versions"]] == [{"auc": 0.92}, {"auc": 0.91}]


def test_rollback_says_what_is_served_now(told: Told, serving: Path) -> None:
    first, second = numbers(serving)
    lines = told("rollback", as_json=False)
    assert lines[0] == f"withdrawn {second}; version {first} is served from the server's next look at the folder on"
    assert f"medtfx push {second}" in lines[1]


def test_pin_and_release_say_what_waits_and_what_is_served(told: Told, serving: Path) -> None:
    first, second = numbers(serving)
    assert told("pin", str(first)) == {"serves": first, "pinned": first, "waiting": [second]}
    assert told("pin", str(first), as_json=False)[0].startswith(f"version {first} is pinned: it stays served whatever is pushed")
    assert told("pin", "--release") == {"serves": second, "pinned": None, "released": [second]}


@pytest.mark.parametrize("words", [[], ["5", "--release"]])
def test_pin_asks_for_a_version_or_release(words: list[str], told: Told) -> None:
    with pytest.raises(ConfigError, match="pin: expected a VERSION, or --release"):
        told("pin", *words)


def test_prune_says_what_it_freed(told: Told, serving: Path) -> None:
    assert told("prune", "--keep", "1") == {"removed": [], "freed": 0}
    told("rollback")
    assert told("prune", "--keep", "1", as_json=False) == [f"removed {numbers(serving)[-1]}; 0.0 MB freed"]
    assert CliRunner().invoke(app, ["prune", "--keep", "0", "--serving", str(serving)]).exit_code == 2


def test_verify_ends_with_one_when_a_file_differs(told: Told, serving: Path) -> None:
    first, second = numbers(serving)
    assert told("verify", as_json=False) == [f"{first}  kept: 1 files as pushed", f"{second}  served: 1 files as pushed"]
    (serving / str(second) / "saved_model.pb").write_text("c")
    assert told("verify", code=1, as_json=False)[1:] == [f"{second}  served: 1 DIFFERENT", "  changed: saved_model.pb"]
    assert told("verify", str(first))["versions"][0]["differences"] == []
    with pytest.raises(ConfigError, match="version 7 is unknown here"):
        told("verify", "7")


def test_what_is_served_already_is_not_pushed_again(told: Told, serving: Path) -> None:
    before = numbers(serving)
    assert told("push")["pushed"] is False
    assert "already there, nothing was copied" in told("push", as_json=False)[0]
    assert numbers(serving) == before


def test_unknown_version_is_not_pushed(told: Told, serving: Path) -> None:
    with pytest.raises(ConfigError, match="version 7 is unknown here"):
        told("push", "7")
    for number in numbers(serving):
        shutil.rmtree(serving / str(number))
    with pytest.raises(ConfigError, match="nothing is served; name a version or a run"):
        told("push")


def test_options_of_object_stores_go_together(told: Told) -> None:
    for words in (["--objects"], ["--base-path", "gs://a"], ["--to", "/absent", "--base-path", "gs://a"]):
        with pytest.raises(ConfigError, match="--objects needs --to FOLDER, and --base-path needs --objects"):
            told("push", *words)


def test_run_that_came_to_no_model_is_refused(root_with_runs: Root, serving: Path) -> None:
    source = ServingFolder(serving, root_with_runs)
    with pytest.raises(Exception, match=f"run {FIRST} came to failed; only what every gate has blessed is pushed") as raised:
        push_command(source, "20260102T", Target(serving), as_json=True)
    assert raised.value.exit_code == 4  # type: ignore[attr-defined]
    with pytest.raises(ConfigError, match="version 17 has no manifest here"):
        push_command(source, SECOND, Target(serving), as_json=True)
