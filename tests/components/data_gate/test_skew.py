from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from components.data_gate.distance import Statistics
from components.data_gate.skew import judge_skew, skew_of

BOUNDS = {"l_infinity": 0.3, "jensen_shannon": 0.2, "refuse": False}
Splits = Callable[..., Mapping[str, Statistics]]


@pytest.fixture
def splits(statistics_of: Callable[..., Any]) -> Splits:
    """Return the statistics of train, val and test from each column's values by split."""

    def measure(**columns: Sequence[Sequence[str | float]]) -> Mapping[str, Statistics]:
        by_split = zip(("train", "val", "test"), zip(*columns.values(), strict=True), strict=False)
        return {split: statistics_of(**dict(zip(columns, values, strict=True))) for split, values in by_split}

    return measure


def test_each_split_is_compared_with_train(splits: Splits) -> None:
    found = skew_of(splits(site=(list("nnnsss"), list("nnnsss"), list("nsssss"))), ["site"])
    assert [(distance.split, round(distance.value, 3)) for distance in found] == [("val", 0.0), ("test", 0.333)]


@pytest.mark.parametrize("refuse", [False, True])
def test_column_too_far_is_named_with_split_and_distance(splits: Splits, refuse: bool) -> None:
    apart = splits(site=(list("nnnsss"), list("nnnsss"), list("ssssss")), label=(list("ab") * 3,) * 3)
    (finding,) = judge_skew(apart, ["site"], **{**BOUNDS, "refuse": refuse})
    assert (finding.rule, finding.subject) == ("data.skew.l_infinity", "site, test against train")
    assert (finding.found, finding.refuses) == ("0.500", refuse)
    assert "raise data.skew.l_infinity" in finding.advice


def test_distance_at_the_bound_is_accepted_and_the_farthest_is_named(splits: Splits) -> None:
    near = splits(site=(list("nnss"), list("nsss")), mean=([0.5, 0.6] * 2, [0.5, 0.6] * 2))
    (finding,) = judge_skew(near, ["site"], **{**BOUNDS, "l_infinity": 0.25, "refuse": True})
    assert not finding.refuses
    assert finding.found == "farthest site of val, 0.250; farthest mean of val, 0.000"


@pytest.mark.parametrize("missing", ["train", "val"])
def test_one_split_alone_is_not_judged(splits: Splits, missing: str) -> None:
    whole = splits(site=(list("nnss"), list("nsss")))
    (finding,) = judge_skew(
        {split: its for split, its in whole.items() if split != missing}, ["site"], **{**BOUNDS, "refuse": True}
    )
    assert not finding.refuses
    assert finding.found.startswith("not judged")
