"""TFDV's distances between the labels, slice columns and grey values of two sets of images, and the findings on them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import tensorflow_data_validation as tfdv
from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2

from components.blessing import Finding
from models.features import ENTROPY, LABEL, MEAN, SPLITS, STANDARD_DEVIATION

TRAIN = SPLITS[0]
# Where values repeat, as sizes and shares of black do, TFDV's divergence misleads: it takes each of ten equal buckets as evenly
# filled, so that one larger image among equal sizes makes 0.46. These three are continuous.
PROPERTIES = (MEAN, STANDARD_DEVIATION, ENTROPY)
L_INFINITY = "l_infinity"
JENSEN_SHANNON = "jensen_shannon"
MEASURES = {L_INFINITY: "greatest difference of a value's share (L-infinity)", JENSEN_SHANNON: "Jensen-Shannon divergence"}

Statistics: TypeAlias = statistics_pb2.DatasetFeatureStatisticsList


@dataclass(frozen=True)
class Distance:
    """How far a column of one set of images lies from the same column of another.

    Args:
        column: label, slice column or one of PROPERTIES.
        split: that is compared.
        measure: L_INFINITY of texts, JENSEN_SHANNON of numbers; both 0 to 1.
        value: 0 where the two are alike.
    """

    column: str
    split: str
    measure: str
    value: float


@dataclass(frozen=True)
class DistanceRule:
    """What is asked of distances, and how it is said.

    Args:
        key: configuration key, such as 'data.skew'.
        against: what the splits are compared with, such as 'train'.
        bounds: greatest distance by measure.
        advice: what to do about a greater one.
        refuse: whether a greater one refuses.
    """

    key: str
    against: str
    bounds: Mapping[str, float]
    advice: str
    refuse: bool

    @property
    def expected(self) -> str:
        """Every bound in words."""
        return ", ".join(f"{words} at most {self.bounds[measure]:g}" for measure, words in MEASURES.items())

    def too_far(self, found: Iterable[Distance]) -> list[Finding]:
        """Return a finding per distance above its bound."""
        return [self._finding(distance) for distance in found if is_far(distance, self.bounds)]

    def _finding(self, distance: Distance) -> Finding:
        key = f"{self.key}.{distance.measure}"
        return Finding(
            rule=key,
            subject=f"{distance.column}, {distance.split} against {self.against}",
            expected=f"{MEASURES[distance.measure]} at most {self.bounds[distance.measure]:g}",
            found=f"{distance.value:.3f}",
            refuses=self.refuse,
            advice=f"{self.advice} In splits of a few patients chance does this: then raise {key}.",
        )


def compared_columns(slices: Iterable[str]) -> tuple[str, ...]:
    """Return what can be compared: the label, slice columns and PROPERTIES."""
    return (LABEL, *slices, *PROPERTIES)


def distances(reference: Statistics, other: Statistics, columns: Sequence[str], *, split: str) -> Iterator[Distance]:
    """Yield each column's distance, in the order of the columns; a column that both sides lack has none.

    Args:
        reference: statistics of the images that are compared with.
        other: statistics of the images that are compared.
        columns: some of `compared_columns`.
        split: of `other`.
    """
    compared = tfdv.validate_statistics(other, _compared(columns), previous_statistics=reference)
    found = {info.path.step[0]: info.drift_measurements for info in compared.drift_skew_info}
    for column in columns:
        yield from (Distance(column, split, _measure(column), measured.value) for measured in found.get(column, ()))


def is_far(distance: Distance, bounds: Mapping[str, float]) -> bool:
    """Tell whether a distance is above the bound of its measure."""
    return distance.value > bounds[distance.measure]


def farthest(found: Sequence[Distance]) -> Iterator[Distance]:
    """Yield the greatest distance of each measure."""
    for measure in MEASURES:
        own = [distance for distance in found if distance.measure == measure]
        if own:
            yield max(own, key=lambda distance: distance.value)


def _measure(column: str) -> str:
    return JENSEN_SHANNON if column in PROPERTIES else L_INFINITY


def _compared(columns: Iterable[str]) -> schema_pb2.Schema:
    """Return a schema that asks for nothing but distances; the curated one has judged the values already."""
    schema = schema_pb2.Schema()
    for name in columns:
        numeric = name in PROPERTIES
        # Without a type TFDV measures nothing.
        comparator = schema.feature.add(name=name, type=schema_pb2.FLOAT if numeric else schema_pb2.BYTES).drift_comparator
        (comparator.jensen_shannon_divergence if numeric else comparator.infinity_norm).threshold = 1.0
    return schema
