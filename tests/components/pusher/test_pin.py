from pathlib import Path

import pytest

from components.pusher.pin import pin, release
from components.pusher.rollback import roll_back
from pipeline.errors import ConfigError


def test_what_is_pushed_later_waits_unseen(pushed, serving: Path, seen) -> None:
    first = pushed("a")
    assert pin(serving, first) == ()
    second = pushed("b")
    assert seen() == [first]
    assert (serving / f".waiting-{second}" / "saved_model.pb").is_file()
    assert (serving / f"{second}.json").is_file()


def test_released_pin_lets_the_newest_be_served(pushed, serving: Path, seen) -> None:
    first = pushed("a")
    pin(serving, first)
    second, third = pushed("b"), pushed("c")
    assert release(serving) == (second, third)
    assert seen() == [first, second, third]
    fourth = pushed("d")
    assert seen()[-1] == fourth


def test_pinning_an_earlier_version_hides_the_later_ones(pushed, serving: Path, seen) -> None:
    first, second, third = pushed("a"), pushed("b"), pushed("c")
    assert pin(serving, first) == (second, third)
    assert seen() == [first]


def test_pin_moves_to_a_waiting_version(pushed, serving: Path, seen) -> None:
    first = pushed("a")
    pin(serving, first)
    second, third = pushed("b"), pushed("c")
    pin(serving, second)
    assert seen() == [first, second]
    assert release(serving) == (third,)


def test_server_goes_straight_to_the_newest_when_released(pushed, serving: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = pushed("a")
    pin(serving, first)
    pushed("b")
    third = pushed("c")
    shown, really = [], Path.rename

    def note(path: Path, target: Path) -> Path:
        moved = really(path, target)
        shown.append(max(int(entry.name) for entry in serving.iterdir() if entry.name.isdecimal()))
        return moved

    monkeypatch.setattr(Path, "rename", note)
    release(serving)
    assert set(shown) == {third}


def test_version_that_is_gone_or_was_taken_back_is_not_pinned(pushed, serving: Path) -> None:
    first, second = pushed("a"), pushed("b")
    roll_back(serving)
    with pytest.raises(ConfigError, match=f"version {second} is withdrawn; expected one .*: {first}"):
        pin(serving, second)
    with pytest.raises(ConfigError, match="version 7 is unknown here"):
        pin(serving, 7)


def test_damaged_version_is_not_pinned(pushed, serving: Path, seen) -> None:
    first, second = pushed("a"), pushed("b")
    (serving / str(first) / "variables" / "data").unlink()
    with pytest.raises(ConfigError, match=f"version {first} is damaged; nothing was changed"):
        pin(serving, first)
    assert seen() == [first, second]


def test_nothing_to_release_is_said(pushed, serving: Path) -> None:
    pushed("a")
    with pytest.raises(ConfigError, match="no version is pinned"):
        release(serving)
