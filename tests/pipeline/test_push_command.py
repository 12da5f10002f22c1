import errno
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from components.pusher.load_check import UnloadableModelError
from components.pusher.repeat import ModelRefusedError
from components.pusher.versions import versions
from pipeline import push_command as module
from pipeline.errors import ConfigError
from pipeline.push_command import Target, push_command
from pipeline.root import Root
from pipeline.serving_folder import ServingFolder

FIRST, SECOND = "20260102T030405-1a2b", "20260103T030405-3c4d"


def numbers(serving: Path) -> list[int]:
    return [version.number for version in versions(serving)]


def test_what_is_served_already_is_not_pushed_again(told: Callable[..., Any], serving: Path) -> None:
    before = numbers(serving)
    assert told("push")["pushed"] is False
    assert "already there, nothing was copied" in told("push", as_json=False)[0]
    assert numbers(serving) == before


def test_unknown_version_is_not_pushed(told: Callable[..., Any], serving: Path) -> None:
    with pytest.raises(ConfigError, match="version 7 is unknown here"):
        told("push", "7")
    for number in numbers(serving):
        shutil.rmtree(serving / str(number))
    with pytest.raises(ConfigError, match="nothing is served; name a version or a run"):
        told("push")


def test_run_that_came_to_no_model_is_refused(root_with_runs: Root, serving: Path) -> None:
    source = ServingFolder(serving, root_with_runs)
    with pytest.raises(ModelRefusedError, match=f"run {FIRST} came to failed; only what every gate has blessed is pushed"):
        push_command(source, "20260102T", Target(serving), as_json=True)
    with pytest.raises(ConfigError, match="version 17 has no manifest here"):
        push_command(source, SECOND, Target(serving), as_json=True)


def test_file_that_is_no_model_is_not_pushed(told: Callable[..., Any], serving: Path, tmp_path: Path) -> None:
    """The bytes are those of the manifest, and still they are loaded first."""
    with pytest.raises(UnloadableModelError, match="does not load in a TF1 session"):
        told("push", "--to", str(tmp_path / "elsewhere"))
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_mount_that_renames_no_folder_is_explained(
    told: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr(module, "_copy", refuse)  # no such mount is at hand
    with pytest.raises(
        ConfigError, match=r"bucket: a folder can't be renamed there: Invalid .*\. For a mounted object store: --objects"
    ):
        told("push", "--to", str(tmp_path / "bucket"))
