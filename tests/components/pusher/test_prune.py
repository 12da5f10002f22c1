from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from components.pusher.pin import pin, release
from components.pusher.prune import dispensable, prune
from components.pusher.rollback import roll_back
from components.pusher.served import standing
from components.pusher.versions import State, Version


def test_newest_versions_stay_and_older_ones_free_the_disk(pushed, serving: Path, seen) -> None:
    first, second, third, fourth = (pushed(name) for name in "abcd")
    done = prune(serving, 3)
    assert (done.removed, seen()) == ((first,), [second, third, fourth])
    assert done.freed == len("graph of a") + len("a")
    assert (serving / f"{first}.json").is_file()


def test_version_that_a_rollback_would_serve_stays(pushed, serving: Path, seen) -> None:
    first, second, third = pushed("a"), pushed("b"), pushed("c")
    (serving / str(second) / "saved_model.pb").write_text("torn")
    assert prune(serving, 1).removed == (second,)
    assert seen() == [first, third]
    assert roll_back(serving).serves == first


def test_pinned_and_waiting_versions_stay(pushed, serving: Path) -> None:
    first = pushed("a")
    pin(serving, first)
    waiting = [pushed("b"), pushed("c")]
    assert prune(serving, 1).removed == ()
    assert release(serving) == tuple(waiting)


def test_withdrawn_version_goes_and_is_still_known_as_withdrawn(pushed, serving: Path, tmp_path: Path) -> None:
    pushed("a")
    second = pushed("b")
    roll_back(serving)
    assert prune(serving, 5).removed == (second,)
    found = standing(tmp_path / "exports" / "b", serving)
    assert found is not None
    assert (found.number, found.state) == (second, State.WITHDRAWN)


def test_what_this_project_has_not_pushed_stays(pushed, serving: Path, seen) -> None:
    (serving / "5").mkdir(parents=True)
    numbers = [pushed(name) for name in "abc"]
    assert prune(serving, 1).removed == (numbers[0],)
    assert seen() == [5, *numbers[1:]]


def test_leftovers_of_a_stopped_push_go(pushed, serving: Path) -> None:
    pushed("a")
    (serving / ".pushing-abc" / "variables").mkdir(parents=True)
    prune(serving, 1)
    assert not list(serving.glob(".pushing-*"))


@given(st.lists(st.sampled_from([State.KEPT, State.WAITING, State.WITHDRAWN, State.REMOVED]), max_size=6), st.integers(1, 4))
def test_served_pinned_and_newest_never_go(states: list[State], keep: int) -> None:
    known = [
        Version(number, state, Path("/absent") if state is not State.REMOVED else None, {"files": {}}, pinned=number == 1)
        for number, state in enumerate([*states, State.SERVED])
    ]
    going = dispensable(known, keep)
    assert not any(version.pinned or version.state in (State.SERVED, State.WAITING, State.REMOVED) for version in going)
    assert not set(map(id, going)) & set(map(id, [version for version in known if version.visible][-keep:]))
