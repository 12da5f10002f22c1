"""How far val and test lie from train: the distances of labels, slice columns and grey values between the splits."""

from collections.abc import Iterator, Mapping, Sequence

from components.blessing import Finding
from components.data_gate.distance import (
    JENSEN_SHANNON,
    L_INFINITY,
    TRAIN,
    Distance,
    DistanceRule,
    Statistics,
    compared_columns,
    distances,
    farthest,
)


def judge_skew(
    statistics: Mapping[str, Statistics], slices: Sequence[str], *, l_infinity: float, jensen_shannon: float, refuse: bool
) -> list[Finding]:
    """Return a finding per column and split that lies too far from train, or one that names the farthest; `refuse` stops there.

    Args:
        statistics: split -> its statistics, of the splits that hold examples.
        slices: the slice columns.
        l_infinity: greatest distance of label and slice columns.
        jensen_shannon: greatest distance of PROPERTIES.
        refuse: whether too great a distance refuses.
    """
    advice = "Give each split its share in the manifest's column `split`, or add patients."
    bounds = {L_INFINITY: l_infinity, JENSEN_SHANNON: jensen_shannon}
    rule = DistanceRule("data.skew", TRAIN, bounds, advice=advice, refuse=refuse)
    found = list(skew_of(statistics, slices))
    texts = [f"farthest {distance.column} of {distance.split}, {distance.value:.3f}" for distance in farthest(found)]
    said = "; ".join(texts) or "not judged: train and another split with examples are needed"
    return rule.too_far(found) or [Finding(rule.key, "val and test against train", rule.expected, said, refuses=False)]


def skew_of(statistics: Mapping[str, Statistics], slices: Sequence[str]) -> Iterator[Distance]:
    """Yield each column's distance from train, split by split."""
    train = statistics.get(TRAIN)
    for split, other in statistics.items():
        if train is not None and split != TRAIN:
            yield from distances(train, other, compared_columns(slices), split=split)
