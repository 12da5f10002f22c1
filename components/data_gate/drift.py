"""How far the train split lies from that of the last accepted data, the findings on it, and the file that the report reads.

Train alone: it holds most images, so that chance moves it least, and `data.skew` holds val and test to it.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from components.blessing import Finding
from components.data_gate.accepted_train import TrainSplit
from components.data_gate.distance import (
    JENSEN_SHANNON,
    L_INFINITY,
    PROPERTIES,
    TRAIN,
    Distance,
    DistanceRule,
    compared_columns,
    distances,
    farthest,
)
from models.features import LABEL

DRIFT_FILE = "drift.json"
RULE = "data.drift"
NOTHING_EARLIER = "no earlier accepted data"
GONE = "its account or its statistics are gone or damaged"
NO_TRAIN = "the train split holds no examples"
ADVICE = (
    "Look at the figures under Drift in the report. A change that is meant is accepted by one run with data.drift.refuse false: "
    "accepted data are what the next are compared with."
)


@dataclass(frozen=True)
class NotCompared:
    """A column that was not compared, and why."""

    column: str
    why: str


@dataclass(frozen=True)
class Drift:
    """What the train split was compared with, and how far it lies from it.

    Args:
        run: that ingested the last accepted data; None where there are none.
        distances: of what was compared.
        not_compared: the other columns.
        not_judged: why nothing was compared; empty where something could be.
    """

    run: str | None
    distances: tuple[Distance, ...] = ()
    not_compared: tuple[NotCompared, ...] = ()
    not_judged: str = ""


def measure_drift(run: str | None, earlier: TrainSplit | None, today: TrainSplit | None) -> Drift:
    """Return the distances of every column that both sides hold alike.

    Args:
        run: that ingested the last accepted data; None where there are none.
        earlier: their train split; None where it can't be read.
        today: this run's; None where it holds no examples.
    """
    if run is None:
        return Drift(run, not_judged=NOTHING_EARLIER)
    if earlier is None or today is None:
        return Drift(run, not_judged=GONE if earlier is None else NO_TRAIN)
    unlike = list(_unlike(earlier, today))
    alike = [name for name in compared_columns(today.slices) if name not in {item.column for item in unlike}]
    found = tuple(distances(earlier.statistics, today.statistics, alike, split=TRAIN))
    measured = {distance.column for distance in found}
    empty = (NotCompared(name, "there are no values to compare") for name in alike if name not in measured)
    return Drift(run, found, (*unlike, *empty))


def _unlike(earlier: TrainSplit, today: TrainSplit) -> Iterator[NotCompared]:
    """Yield the columns whose values can't be compared, because the configuration was another."""
    if earlier.classes != today.classes:
        then, now = (", ".join(sorted(side.classes)) for side in (earlier, today))
        yield NotCompared(LABEL, f"the classes were {then}, and are {now}")
    new, gone = (set(today.slices) - set(earlier.slices), set(earlier.slices) - set(today.slices))
    yield from (NotCompared(name, "it was no slice column then") for name in sorted(new))
    yield from (NotCompared(name, "it is no slice column any more") for name in sorted(gone))
    if earlier.image != today.image:
        yield from (NotCompared(name, "the canonical images had another form") for name in PROPERTIES)


def judge_drift(drift: Drift, *, l_infinity: float, jensen_shannon: float, refuse: bool) -> list[Finding]:
    """Return a finding per column that lies too far, or one that names the farthest, and what was not compared.

    What can't be compared never refuses: nothing is shown against the data.

    Args:
        drift: what was measured.
        l_infinity: greatest distance of label and slice columns.
        jensen_shannon: greatest distance of PROPERTIES.
        refuse: whether too great a distance refuses.
    """
    bounds = {L_INFINITY: l_infinity, JENSEN_SHANNON: jensen_shannon}
    rule = DistanceRule(RULE, _against(drift.run), bounds, advice=ADVICE, refuse=refuse)
    return [*(rule.too_far(drift.distances) or [_accepted(drift, rule)]), *_not_compared(drift, rule)]


def _against(run: str | None) -> str:
    return "the last accepted data" + (f", ingested by run {run}" if run else "")


def _accepted(drift: Drift, rule: DistanceRule) -> Finding:
    texts = [f"farthest {distance.column}, {distance.value:.3f}" for distance in farthest(drift.distances)]
    reason = drift.not_judged or "no column can be compared"
    said = "; ".join(texts) or (reason if reason == NOTHING_EARLIER else f"not judged: {reason}")
    return Finding(RULE, f"{TRAIN} against {rule.against}", rule.expected, said, refuses=False)


def _not_compared(drift: Drift, rule: DistanceRule) -> Iterator[Finding]:
    """Yield a finding per reason."""
    for why, items in groupby(drift.not_compared, key=lambda item: item.why):
        subject = f"{', '.join(item.column for item in items)}, {TRAIN} against {rule.against}"
        yield Finding(RULE, subject, "every column compared", f"not compared: {why}", refuses=False)


def write_drift(folder: Path, drift: Drift) -> None:
    """Write drift.json beside the findings."""
    (folder / DRIFT_FILE).write_text(json.dumps(asdict(drift), indent=2) + "\n", encoding="utf-8")


def read_drift(folder: Path) -> Drift:
    """Return what `write_drift` wrote."""
    content: Mapping[str, Any] = json.loads((folder / DRIFT_FILE).read_text(encoding="utf-8"))
    found = tuple(Distance(**distance) for distance in content["distances"])
    skipped = tuple(NotCompared(**item) for item in content["not_compared"])
    return Drift(**{**content, "distances": found, "not_compared": skipped})
