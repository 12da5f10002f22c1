from pathlib import Path

import pytest

from components.pusher.versions import State, Version
from pipeline.push_verdict import push_findings, push_note, push_verdict


def version(state: State) -> Version:
    return Version(7, state, Path("/state/7"), {}, withdrawn={"time": "2026-01-02T03:04:05+00:00", "served_instead": 5})


@pytest.mark.parametrize(
    ("state", "before", "verdict"),
    [
        (State.SERVED, False, "pushed"),
        (State.SERVED, True, "unchanged"),
        (State.KEPT, True, "unchanged"),
        (State.WAITING, False, "pinned"),
        (State.WAITING, True, "pinned"),
        (State.WITHDRAWN, True, "withdrawn"),
        (State.WITHDRAWN, False, "withdrawn"),  # taken back while the run went on
    ],
)
def test_verdict_follows_from_what_the_folder_says(state: State, before: bool, verdict: str) -> None:
    assert push_verdict(version(state), before=before) == verdict


def test_only_a_withdrawn_version_has_a_reason_that_refuses() -> None:
    (finding,) = push_findings(version(State.WITHDRAWN))
    assert finding.refuses
    assert finding.found == "taken back at 2026-01-02T03:04:05+00:00, 5 was served instead"
    assert finding.advice == "`medtfx push 7` pushes it again"
    assert all(push_findings(version(state)) == () for state in State if state is not State.WITHDRAWN)


def test_note_says_what_is_served_instead() -> None:
    assert push_note(version(State.WAITING), 5) == "note: version 7 waits: 5 is pinned; `medtfx pin --release` serves the newest"
    assert push_note(version(State.KEPT), 9) == "note: version 9, of another run, is newer and is what is served"
    assert push_note(version(State.SERVED), 7) == ""
