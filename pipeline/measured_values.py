"""What statistics tell of a feature's values: how far they reach, how they spread, which texts there are."""

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from tensorflow_metadata.proto.v0 import statistics_pb2

Statistics = Iterable[statistics_pb2.FeatureNameStatistics]


class Reach(NamedTuple):
    """How far numbers reach.

    Args:
        least, greatest: value.
        spread: from the first to the ninth decile, which a few strange images don't move.
    """

    least: float
    greatest: float
    spread: float


def reach_of(statistics: Statistics) -> Reach | None:
    """Return the reach of numbers over all splits, None where there are none."""
    numbers = [its.num_stats for its in statistics if its.HasField("num_stats") and its.num_stats.common_stats.num_non_missing]
    if not numbers:
        return None
    deciles = [its for split in numbers for its in split.histograms if its.type == statistics_pb2.Histogram.QUANTILES]
    low = min((its.buckets[0].high_value for its in deciles), default=0.0)
    high = max((its.buckets[-1].low_value for its in deciles), default=0.0)
    return Reach(min(split.min for split in numbers), max(split.max for split in numbers), max(high - low, 0.0))


def texts_of(statistics: Statistics) -> Counter[str]:
    """Return the texts of a feature over all splits, and how many examples have each."""
    counts: Counter[str] = Counter()
    for its in statistics:
        for bucket in its.string_stats.rank_histogram.buckets:
            counts[bucket.label] += int(bucket.sample_count)
    return counts


def has_unlisted(statistics: Statistics) -> bool:
    """Tell whether a split has more texts than its statistics list."""
    return any(its.string_stats.unique > len(its.string_stats.rank_histogram.buckets) for its in statistics)
