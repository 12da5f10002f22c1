from collections.abc import Callable, Sequence
from itertools import permutations
from typing import Any

import numpy as np
import pytest

from components.data_gate.distance import (
    JENSEN_SHANNON,
    L_INFINITY,
    Distance,
    DistanceRule,
    compared_columns,
    distances,
    farthest,
    is_far,
)

BOUNDS = {L_INFINITY: 0.3, JENSEN_SHANNON: 0.2}
RULE = DistanceRule("data.skew", "train", BOUNDS, advice="Look.", refuse=True)
SITE = Distance("site", "test", L_INFINITY, 0.5)
Measured = Callable[..., dict[str, Distance]]


@pytest.fixture
def measured(statistics_of: Callable[..., Any]) -> Measured:
    """Return the distances by column between two sets of images, given as each column's values in both."""

    def measure(**columns: Sequence[Sequence[str | float]]) -> dict[str, Distance]:
        sides = zip(*columns.values(), strict=True)
        reference, other = (statistics_of(**dict(zip(columns, values, strict=True))) for values in sides)
        return {found.column: found for found in distances(reference, other, compared_columns(["site"]), split="test")}

    return measure


def test_distance_of_texts_is_the_greatest_difference_of_a_share(measured: Measured) -> None:
    found = measured(site=(list("nnnsss"), list("nsssss")), label=(list("ab") * 3,) * 2)
    assert found["site"] == Distance("site", "test", L_INFINITY, pytest.approx(1 / 3))
    assert found["label"].value == 0.0


def test_distance_of_numbers_is_between_alike_and_apart(measured: Measured) -> None:
    dark, light = np.linspace(0.1, 0.3, 50).tolist(), np.linspace(0.7, 0.9, 50).tolist()
    assert measured(mean=(dark, dark))["mean"] == Distance("mean", "test", JENSEN_SHANNON, pytest.approx(0.0, abs=1e-6))
    assert measured(mean=(dark, light))["mean"].value > 0.9


def test_distance_does_not_hang_on_which_side_is_compared(measured: Measured) -> None:
    first, second = np.random.default_rng(2).normal([[0.4], [0.5]], 0.1, (2, 80)).tolist()
    there, back = measured(mean=(first, second))["mean"], measured(mean=(second, first))["mean"]
    assert there.value == pytest.approx(back.value)
    assert there.value > 0.05


def test_one_outlier_moves_a_property_little(measured: Measured) -> None:
    values = np.random.default_rng(4).normal(0.5, 0.05, 300)
    assert measured(mean=(values.tolist(), [0.0, *values[1:]]))["mean"].value < 0.1


def test_sizes_are_not_compared(measured: Measured) -> None:
    """One larger image among equal sizes would count as another distribution."""
    assert measured(width=([512] * 3, [512, 512, 2048]), label=(["a"] * 3, ["a"] * 3)).keys() == {"label"}


def test_column_of_another_type_or_absent_raises_nothing(statistics_of: Callable[..., Any]) -> None:
    """ExampleValidator has said it."""
    texts, numbers, other = statistics_of(site=list("ns")), statistics_of(site=[1.0, 2.0]), statistics_of(mean=[0.5])
    for reference, compared in permutations((texts, numbers, other), 2):
        found = distances(reference, compared, compared_columns(["site"]), split="val")
        assert all(0 <= distance.value <= 1 for distance in found)


def test_column_that_both_sides_lack_has_no_distance(statistics_of: Callable[..., Any]) -> None:
    one = statistics_of(mean=[0.4, 0.5])
    assert [found.column for found in distances(one, one, compared_columns(["site"]), split="val")] == ["mean"]


def test_distance_above_its_bound_is_named_with_split_value_and_key() -> None:
    (finding,) = RULE.too_far([SITE, Distance("label", "test", L_INFINITY, 0.3)])
    assert (finding.rule, finding.subject) == ("data.skew.l_infinity", "site, test against train")
    assert (finding.found, finding.refuses) == ("0.500", True)
    assert finding.expected == "greatest difference of a value's share (L-infinity) at most 0.3"
    assert finding.advice == "Look. In splits of a few patients chance does this: then raise data.skew.l_infinity."


def test_distance_at_its_bound_is_not_far() -> None:
    assert not is_far(SITE, {**BOUNDS, L_INFINITY: 0.5})
    assert is_far(SITE, {**BOUNDS, L_INFINITY: 0.499})


def test_farthest_is_told_per_measure() -> None:
    mean = Distance("mean", "val", JENSEN_SHANNON, 0.1)
    assert list(farthest([Distance("label", "val", L_INFINITY, 0.1), SITE, mean])) == [SITE, mean]
    assert list(farthest([])) == []
