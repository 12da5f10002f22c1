"""Learn a schema from accepted data: the curated rules, with bounds as narrow as the data allow, and the slices' values."""

from collections.abc import Sequence
from typing import NamedTuple

from tensorflow_metadata.proto.v0 import schema_pb2

from components.data_gate.feature_bounds import Bounds, bounds_of
from models import features
from pipeline.curated_schema import schema_for
from pipeline.judged_data import JudgedData
from pipeline.measured_values import has_unlisted, reach_of, texts_of
from pipeline.schema_bounds import rounded_outward, set_bounds

# Of halves of PneumoniaMNIST, the COVID X-rays and the blood cells, bounds learned from one half with this margin leave out
# 0.06 %, 2.7 % and 0.9 % of the other half's images, and leave out 38 %, 82 % and all of its images inverted.
MARGIN = 0.25  # of the spread from the first to the ninth decile
EXACT = (features.BIT_DEPTH,)  # a step from 8 to 9 bits is no matter of degree
FEWEST_EXAMPLES = 5  # of a value, below which it is not written down: a rare one may tell who it is
MOST_VALUES = 50


class Learned(NamedTuple):
    """A schema that was learned.

    Args:
        schema: without classes: the run adds them to the label.
        left_free: why a slice column's values are not listed, by column.
    """

    schema: schema_pb2.Schema
    left_free: dict[str, str]


def learn(data: JudgedData, slices: Sequence[str], *, margin: float = MARGIN) -> Learned:
    """Return the schema that data teach.

    Args:
        data: that were accepted.
        slices: columns of the run.
        margin: share of a property's spread that is added at both ends of its values.
    """
    schema = schema_for((), slices)
    left_free = {}
    for feature in schema.feature:
        if feature.name == features.LABEL:
            feature.ClearField("string_domain")
        elif feature.name in slices:
            why = why_left_free(data, feature.name)
            if why:
                left_free[feature.name] = why
            else:
                set_values(feature, texts_of(data.of(feature.name)))
        else:
            narrow(feature, data, margin=0.0 if feature.name in EXACT else margin)
    return Learned(schema, left_free)


def narrow(feature: schema_pb2.Feature, data: JudgedData, *, margin: float) -> None:
    """Bound a property by the data's values and a margin, nowhere beyond its curated bounds."""
    reach, curated = reach_of(data.of(feature.name)), bounds_of(feature)
    if reach is None or curated is None:
        return
    beyond = margin * reach.spread
    learned = rounded_outward(Bounds(reach.least - beyond, reach.greatest + beyond), feature)
    set_bounds(feature, learned.within(curated))


def why_left_free(data: JudgedData, column: str) -> str:
    """Return why the values of a slice column must not be listed; empty: they may be. No value is named."""
    statistics = data.of(column)
    counts = texts_of(statistics)
    if not counts:
        return "these data have no such column"
    if len(counts) > MOST_VALUES or has_unlisted(statistics):
        return f"more than {MOST_VALUES} values"
    rare = sum(count < FEWEST_EXAMPLES for count in counts.values())
    return f"{rare} of {len(counts)} values have fewer than {FEWEST_EXAMPLES} examples" if rare else ""


def set_values(feature: schema_pb2.Feature, values: Sequence[str] | dict[str, int]) -> None:
    """Set the texts that a slice column may have, sorted."""
    feature.string_domain.name = feature.name
    feature.string_domain.value[:] = sorted(values)
