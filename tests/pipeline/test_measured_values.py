from collections.abc import Callable

import pytest
from tensorflow_metadata.proto.v0 import statistics_pb2

from pipeline.judged_data import JudgedData
from pipeline.measured_values import has_unlisted, reach_of, texts_of

Measured = Callable[..., JudgedData]


def two_splits(first: JudgedData, second: JudgedData) -> JudgedData:
    return JudgedData("ab", {"train": first.statistics["train"], "val": second.statistics["train"]})


def test_reach_is_over_all_splits_and_spread_leaves_out_the_tails(measured: Measured) -> None:
    data = two_splits(measured(width=[*range(100, 139), 900]), measured(width=[*range(100, 139), 90]))
    reach = reach_of(data.of("width"))
    assert reach is not None
    assert (reach.least, reach.greatest) == (90, 900)
    assert reach.spread == pytest.approx(32, abs=3)


def test_equal_values_have_no_spread(measured: Measured) -> None:
    assert reach_of(measured().of("mean")) == (0.5, 0.5, 0.0)


def test_texts_have_no_reach_and_numbers_no_texts(measured: Measured) -> None:
    data = measured()
    assert reach_of(data.of("site")) is None
    assert texts_of(data.of("width")) == {}


def test_texts_are_counted_over_all_splits(measured: Measured) -> None:
    data = two_splits(measured(4, site=["north"] * 3 + ["west"]), measured(2, site=["north", "south"]))
    assert texts_of(data.of("site")) == {"north": 4, "south": 1, "west": 1}


@pytest.mark.parametrize(("unique", "unlisted"), [(1, False), (2, True)])
def test_texts_that_statistics_do_not_list_are_noticed(unique: int, unlisted: bool) -> None:
    feature = statistics_pb2.FeatureNameStatistics()
    feature.string_stats.unique = unique
    feature.string_stats.rank_histogram.buckets.add(label="north", sample_count=3)
    assert has_unlisted([feature]) == unlisted
