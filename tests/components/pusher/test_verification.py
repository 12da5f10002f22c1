import shutil
from pathlib import Path

import pytest

from components.pusher.pin import pin
from components.pusher.verification import Difference, differences
from components.pusher.versions import CONFIG_FILE, versions


def found(serving: Path) -> list[Difference]:
    return [difference for version in versions(serving) for difference in differences(version)]


def test_version_as_pushed_has_no_difference(pushed, serving: Path) -> None:
    pin(serving, pushed("a"))
    pushed("b")
    assert found(serving) == []


def test_each_kind_of_difference_names_its_file(pushed, serving: Path) -> None:
    folder = serving / str(pushed("a"))
    (folder / "saved_model.pb").write_text("graph of b")  # of equal length
    (folder / "variables" / "data").rename(folder / "variables" / "more")
    assert found(serving) == [
        Difference("changed", "saved_model.pb"),
        Difference("missing", "variables/data"),
        Difference("extra", "variables/more"),
    ]


def test_hidden_version_is_verified_too(pushed, serving: Path) -> None:
    pin(serving, pushed("a"))
    (serving / f".waiting-{pushed('b')}" / "more").touch()
    assert found(serving) == [Difference("extra", "more")]


@pytest.mark.parametrize(("place", "mode"), [("saved_model.pb", 0o600), ("variables", 0o700), ("", 0o750)])
def test_file_that_a_server_under_another_user_cannot_read_is_named(place: str, mode: int, pushed, serving: Path) -> None:
    (serving / str(pushed("a")) / place).chmod(mode)
    assert found(serving) == [Difference("closed", place)]
    (serving / CONFIG_FILE).touch()
    assert found(serving) == []  # an object store's mount has modes of its own


def test_version_without_a_manifest_is_a_difference(pushed, serving: Path) -> None:
    (serving / f"{pushed('a')}.json").unlink()
    assert found(serving) == [Difference("no manifest")]


def test_pruned_version_has_nothing_to_differ(pushed, serving: Path) -> None:
    shutil.rmtree(serving / str(pushed("a")))
    assert found(serving) == []
