import json
from pathlib import Path

import pytest

from components.pusher.pin import pin
from components.pusher.rollback import DamagedVersionError, roll_back
from pipeline.errors import ConfigError


def test_version_before_is_what_a_server_sees_next(pushed, serving: Path, seen) -> None:
    first, second = pushed("a"), pushed("b")
    done = roll_back(serving)
    assert (done.serves, done.withdrawn, seen()) == (first, (second,), [first])
    assert (serving / f".withdrawn-{second}" / "saved_model.pb").read_text() == "graph of b"


def test_record_says_when_and_what_was_served_instead(pushed, serving: Path) -> None:
    first, second = pushed("a"), pushed("b")
    roll_back(serving)
    record = json.loads((serving / f"{second}.withdrawn.json").read_text())
    assert (record["version"], record["served_instead"]) == (second, first)
    assert record["time"].endswith("+00:00")


def test_named_version_is_served_and_all_above_are_taken_back(pushed, serving: Path, seen) -> None:
    first, second, third = pushed("a"), pushed("b"), pushed("c")
    assert roll_back(serving, first).withdrawn == (second, third)
    assert seen() == [first]


def test_server_changes_once_however_many_are_taken_back(pushed, serving: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The highest goes last: until then it is served, and after it the target."""
    first, *_, fourth = (pushed(name) for name in "abcd")
    highest, really = [], Path.rename

    def note(path: Path, target: Path) -> Path:
        moved = really(path, target)
        if path.name.isdecimal():
            highest.append(max(int(entry.name) for entry in serving.iterdir() if entry.name.isdecimal()))
        return moved

    monkeypatch.setattr(Path, "rename", note)
    roll_back(serving, first)
    assert highest == [fourth, fourth, first]


def test_damaged_version_is_passed_over(pushed, serving: Path, seen) -> None:
    first, second, third = pushed("a"), pushed("b"), pushed("c")
    (serving / str(second) / "saved_model.pb").write_text("torn")
    assert roll_back(serving).serves == first
    assert seen() == [first]
    assert third not in seen()


def test_damaged_version_is_refused_by_name_and_nothing_changes(pushed, serving: Path, seen) -> None:
    first, second = pushed("a"), pushed("b")
    (serving / str(first) / "more").touch()
    with pytest.raises(DamagedVersionError, match=f"version {first} is damaged; nothing was changed"):
        roll_back(serving, first)
    with pytest.raises(ConfigError, match="and 1 damaged ones; `medtfx verify` names the files"):
        roll_back(serving)
    assert seen() == [first, second]


def test_only_version_stays(pushed, serving: Path, seen) -> None:
    number = pushed("a")
    with pytest.raises(ConfigError, match=f"there is no earlier version to serve: the folder holds {number}"):
        roll_back(serving)
    assert seen() == [number]


def test_version_that_is_not_below_the_served_one_is_refused(pushed, serving: Path, seen) -> None:
    first, second = pushed("a"), pushed("b")
    with pytest.raises(ConfigError, match=rf"version {second} is served; expected one below the served {second} .*: {first}\."):
        roll_back(serving, second)
    with pytest.raises(ConfigError, match="version 7 is unknown here"):
        roll_back(serving, 7)
    assert seen() == [first, second]


def test_pinned_version_is_not_taken_back(pushed, serving: Path, seen) -> None:
    pushed("a")
    second = pushed("b")
    pin(serving, second)
    with pytest.raises(ConfigError, match=f"version {second} is pinned and stays served; release it first"):
        roll_back(serving)
    assert seen()[-1] == second


def test_number_of_a_version_that_was_taken_back_is_not_used_again(pushed, serving: Path) -> None:
    pushed("a")
    second = pushed("b")
    roll_back(serving)
    assert pushed("c") > second
