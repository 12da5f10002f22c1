"""What refused data need of a schema to be accepted, as far as that may be accepted without thought.

New values of slice columns and wider bounds within the curated ones. Never the label, whose values are `data.classes`; never
beyond the curated bounds, which only files that hold no picture break; never a value so rare that it may tell who it is.
"""

from dataclasses import dataclass, field

from tensorflow_metadata.proto.v0 import schema_pb2

from components.data_gate.feature_bounds import Bounds, bounds_of, domain_of
from models import features
from pipeline.judged_data import JudgedData
from pipeline.measured_values import reach_of, texts_of
from pipeline.schema_bounds import rounded_outward, set_bounds
from pipeline.schema_inference import FEWEST_EXAMPLES, set_values


@dataclass
class Acceptance:
    """A schema after acceptance.

    Args:
        schema: with what was taken.
        refused: why a feature's rule was not changed as the data need it, by feature; no rare value is named.
    """

    schema: schema_pb2.Schema
    refused: dict[str, str] = field(default_factory=dict)


def accept(data: JudgedData, own: schema_pb2.Schema, curated: schema_pb2.Schema) -> Acceptance:
    """Return the schema that the data keep, but for what is refused.

    Args:
        data: that were refused.
        own: the user's schema, label's domain included.
        curated: the one that goes with the run.
    """
    accepted = Acceptance(schema_pb2.Schema())
    accepted.schema.CopyFrom(own)
    widest = {feature.name: bounds_of(feature) for feature in curated.feature}
    for feature in accepted.schema.feature:
        limits, listed = bounds_of(feature), domain_of(feature, own)
        if limits:
            why = accept_numbers(feature, data, limits=limits, widest=widest[feature.name] or limits)
        else:
            why = accept_texts(feature, data, listed) if listed else ""
        if why:
            accepted.refused[feature.name] = why
    return accepted


def accept_numbers(feature: schema_pb2.Feature, data: JudgedData, *, limits: Bounds, widest: Bounds) -> str:
    """Widen a property's bounds to the data's values; return why not, where these lie beyond the curated bounds."""
    reach = reach_of(data.of(feature.name))
    if reach is None or (reach.least in limits and reach.greatest in limits):
        return ""
    allowed = widest.around(limits)
    if reach.least not in allowed or reach.greatest not in allowed:
        return (
            f"the data reach from {reach.least:.7g} to {reach.greatest:.7g}, beyond the curated {widest}. Exclude these"
            " images, or write the bound yourself."
        )
    set_bounds(feature, rounded_outward(Bounds(reach.least, reach.greatest), feature).around(limits).within(allowed))
    return ""


def accept_texts(feature: schema_pb2.Feature, data: JudgedData, listed: tuple[str, ...]) -> str:
    """Add a slice column's new values; return why not, where there are rare ones. The label gets none."""
    new = {text: count for text, count in texts_of(data.of(feature.name)).items() if text not in listed}
    if new and feature.name == features.LABEL:
        return "the data hold other labels than data.classes. Classes are changed in the configuration alone."
    rare = sum(count < FEWEST_EXAMPLES for count in new.values())
    if rare:
        return (
            f"{rare} of {len(new)} new values have fewer than {FEWEST_EXAMPLES} examples. A rare value may tell who it is:"
            " correct or group it in the manifest, or remove the feature's string_domain."
        )
    if new:
        set_values(feature, [*listed, *new])
    return ""
