"""What the serving folder makes of a run's model once Pusher has ended: pushed, kept, waiting or taken back."""

from components.blessing import Finding
from components.pusher.versions import State, Version
from pipeline.verdict import Verdict


def push_verdict(version: Version, *, before: bool) -> Verdict:
    """Return the verdict of a run whose model is this version; `before`: an earlier run had pushed it."""
    if version.state is State.WITHDRAWN:
        return Verdict.WITHDRAWN
    if version.state is State.WAITING:
        return Verdict.PINNED
    return Verdict.UNCHANGED if before else Verdict.PUSHED


def push_findings(version: Version) -> tuple[Finding, ...]:
    """Return why a model is not pushed again, nothing for any that stands."""
    if version.state is not State.WITHDRAWN:
        return ()
    record = version.withdrawn
    taken_back = (
        f"taken back at {record.get('time', 'an unknown time')}, {record.get('served_instead', 'none')} was served instead"
    )
    again = f"`medtfx push {version.number}` pushes it again"
    return (Finding("serving", f"version {version.number}", "a model that nobody has taken back", taken_back, advice=again),)


def push_note(version: Version, newest: int | None) -> str:
    """Return what a user should know beside the verdict, '' for nothing."""
    if version.state is State.WAITING:
        return f"note: version {version.number} waits: {newest or 'another'} is pinned; `medtfx pin --release` serves the newest"
    if version.state is State.KEPT:
        return f"note: version {newest}, of another run, is newer and is what is served"
    return ""
