"""How far val and test lie from train: TFDV's distances of labels, slice columns and grey values between the splits."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import tensorflow_data_validation as tfdv
from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2

from components.blessing import Finding
from models.features import ENTROPY, LABEL, MEAN, STANDARD_DEVIATION

TRAIN = "train"
# Where values repeat, as sizes and shares of black do, TFDV's divergence misleads: it takes each of ten equal buckets as evenly
# filled, so that one larger image among equal sizes makes 0.46. These three are continuous.
PROPERTIES = (MEAN, STANDARD_DEVIATION, ENTROPY)
L_INFINITY = "l_infinity"
JENSEN_SHANNON = "jensen_shannon"
_WORDS = {L_INFINITY: "greatest difference of a value's share (L-infinity)", JENSEN_SHANNON: "Jensen-Shannon divergence"}

Statistics = Mapping[str, statistics_pb2.DatasetFeatureStatisticsList]  # by split


@dataclass(frozen=True)
class Distance:
    """How far a column of one split lies from train.

    Args:
        column: label, slice column or one of PROPERTIES.
        split: that is compared with train.
        measure: L_INFINITY of texts, JENSEN_SHANNON of numbers; both 0 to 1.
        value: 0 where the splits are alike.
    """

    column: str
    split: str
    measure: str
    value: float


def judge_skew(
    statistics: Statistics, slices: Sequence[str], *, l_infinity: float, jensen_shannon: float, refuse: bool
) -> list[Finding]:
    """Return a finding per column and split that lies too far from train, or one that names the farthest; `refuse` stops there.

    Args:
        statistics: of the splits that hold examples.
        slices: the slice columns.
        l_infinity: greatest distance of label and slice columns.
        jensen_shannon: greatest distance of PROPERTIES.
        refuse: whether too great a distance refuses.
    """
    most = {L_INFINITY: l_infinity, JENSEN_SHANNON: jensen_shannon}
    found = list(distances(statistics, slices))
    far = [distance for distance in found if distance.value > most[distance.measure]]
    if far:
        return [_too_far(distance, most[distance.measure], refuse=refuse) for distance in far]
    expected = f"{_WORDS[L_INFINITY]} at most {l_infinity:g}, {_WORDS[JENSEN_SHANNON]} at most {jensen_shannon:g}"
    text = "; ".join(_farthest(found)) or "not judged: train and another split with examples are needed"
    return [Finding("data.skew", "val and test against train", expected, text, refuses=False)]


def distances(statistics: Statistics, slices: Sequence[str]) -> Iterator[Distance]:
    """Yield each column's distance from train, split by split."""
    schema = _compared(slices)
    train = statistics.get(TRAIN)
    for split, other in statistics.items():
        if train is None or split == TRAIN:
            continue
        for found in tfdv.validate_statistics(train, schema, serving_statistics=other).drift_skew_info:
            (column,) = found.path.step
            measure = JENSEN_SHANNON if column in PROPERTIES else L_INFINITY
            yield from (Distance(column, split, measure, measured.value) for measured in found.skew_measurements)


def _compared(slices: Iterable[str]) -> schema_pb2.Schema:
    """Return a schema that asks for nothing but distances; the curated one has judged the values already."""
    schema = schema_pb2.Schema()
    for name in (LABEL, *slices):
        schema.feature.add(name=name, type=schema_pb2.BYTES).skew_comparator.infinity_norm.threshold = 1.0
    for name in PROPERTIES:
        # Without a type TFDV measures nothing.
        schema.feature.add(name=name, type=schema_pb2.FLOAT).skew_comparator.jensen_shannon_divergence.threshold = 1.0
    return schema


def _too_far(distance: Distance, most: float, *, refuse: bool) -> Finding:
    return Finding(
        rule=f"data.skew.{distance.measure}",
        subject=f"{distance.column}, {distance.split} against {TRAIN}",
        expected=f"{_WORDS[distance.measure]} at most {most:g}",
        found=f"{distance.value:.3f}",
        refuses=refuse,
        advice="Give each split its share in the manifest's column `split`, or add patients. "
        f"In splits of a few patients chance does this: then raise data.skew.{distance.measure}.",
    )


def _farthest(found: Sequence[Distance]) -> Iterator[str]:
    """Yield the greatest distance of each measure in words."""
    for measure in (L_INFINITY, JENSEN_SHANNON):
        own = [distance for distance in found if distance.measure == measure]
        if own:
            farthest = max(own, key=lambda distance: distance.value)
            yield f"farthest {farthest.column} of {farthest.split}, {farthest.value:.3f}"
