from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest
import tensorflow_data_validation as tfdv

from components.data_gate.skew import Distance, Statistics, distances, judge_skew

BOUNDS = {"l_infinity": 0.3, "jensen_shannon": 0.2, "refuse": False}


def statistics(**columns: Sequence[Sequence[str | float]]) -> Statistics:
    """Return the statistics of train, val and test from each column's values by split."""
    splits = dict(zip(("train", "val", "test"), zip(*columns.values(), strict=True), strict=False))
    frames = {split: pd.DataFrame(dict(zip(columns, values, strict=True))) for split, values in splits.items()}
    return {split: tfdv.generate_statistics_from_dataframe(frame, n_jobs=1) for split, frame in frames.items()}


def found(**columns: Sequence[Sequence[str | float]]) -> dict[tuple[str, str], Distance]:
    return {(distance.column, distance.split): distance for distance in distances(statistics(**columns), ["site"])}


def test_distance_of_texts_is_the_greatest_difference_of_a_share() -> None:
    measured = found(site=(list("nnnsss"), list("nnnsss"), list("nsssss")), label=(list("ab") * 3,) * 3)
    assert measured["site", "val"].value == 0.0
    assert measured["site", "test"] == Distance("site", "test", "l_infinity", pytest.approx(1 / 3))
    assert measured["label", "test"].value == 0.0


def test_distance_of_numbers_is_between_alike_and_apart() -> None:
    dark, light = np.linspace(0.1, 0.3, 50).tolist(), np.linspace(0.7, 0.9, 50).tolist()
    measured = found(mean=(dark, dark, light))
    assert measured["mean", "val"].value == pytest.approx(0.0, abs=1e-6)
    assert measured["mean", "test"].measure == "jensen_shannon"
    assert measured["mean", "test"].value > 0.9


def test_one_outlier_moves_a_property_little() -> None:
    values = np.random.default_rng(4).normal(0.5, 0.05, 300)
    assert found(mean=(values.tolist(), values.tolist(), [0.0, *values[1:]]))["mean", "test"].value < 0.1


def test_sizes_are_not_compared() -> None:
    """One larger image among equal sizes would count as another distribution."""
    assert found(width=([512] * 9, [512] * 3, [512, 512, 2048]), label=(["a"] * 9, ["a"] * 3, ["a"] * 3)).keys() == {
        ("label", "val"),
        ("label", "test"),
    }


@pytest.mark.parametrize("refuse", [False, True])
def test_column_too_far_is_named_with_split_and_distance(refuse: bool) -> None:
    apart = statistics(site=(list("nnnsss"), list("nnnsss"), list("ssssss")), label=(list("ab") * 3,) * 3)
    (finding,) = judge_skew(apart, ["site"], **{**BOUNDS, "refuse": refuse})
    assert (finding.rule, finding.subject) == ("data.skew.l_infinity", "site, test against train")
    assert (finding.found, finding.refuses) == ("0.500", refuse)
    assert "raise data.skew.l_infinity" in finding.advice


def test_distance_at_the_bound_is_accepted_and_the_farthest_is_named() -> None:
    near = statistics(site=(list("nnss"), list("nsss")), mean=([0.5, 0.6] * 2, [0.5, 0.6] * 2))
    (finding,) = judge_skew(near, ["site"], **{**BOUNDS, "l_infinity": 0.25, "refuse": True})
    assert not finding.refuses
    assert finding.found == "farthest site of val, 0.250; farthest mean of val, 0.000"


@pytest.mark.parametrize("missing", ["train", "val"])
def test_one_split_alone_is_not_judged(missing: str) -> None:
    whole = statistics(site=(list("nnss"), list("nsss")))
    (finding,) = judge_skew(
        {split: its for split, its in whole.items() if split != missing}, ["site"], **{**BOUNDS, "refuse": True}
    )
    assert not finding.refuses
    assert finding.found.startswith("not judged")


def test_column_of_another_type_or_absent_raises_nothing() -> None:
    """ExampleValidator has said it."""
    mixed = {
        **statistics(site=([1.0, 2.0],)),
        "val": statistics(site=(list("ns"),))["train"],
        "test": statistics(mean=([0.5],))["train"],
    }
    assert all(distance.value >= 0 for distance in distances(mixed, ["site"]))
