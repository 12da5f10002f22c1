"""Set the bounds of a feature in a schema, with few digits and rounded outward."""

from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from tensorflow_metadata.proto.v0 import schema_pb2

from components.data_gate.feature_bounds import Bounds

DIGITS = Decimal("0.0001")  # of a bound on a property: more would only look exact


def set_bounds(feature: schema_pb2.Feature, bounds: Bounds) -> None:
    """Set the bounds of a numeric feature; its other rules stay."""
    if feature.type == schema_pb2.INT:
        feature.int_domain.min, feature.int_domain.max = int(bounds.low), int(bounds.high)
    else:
        feature.float_domain.min, feature.float_domain.max = bounds.low, bounds.high


def rounded_outward(bounds: Bounds, feature: schema_pb2.Feature) -> Bounds:
    """Return bounds with few digits that allow what these do; whole numbers for whole numbers."""
    step = Decimal(1) if feature.type == schema_pb2.INT else DIGITS
    low = Decimal(bounds.low).quantize(step, rounding=ROUND_FLOOR)
    return Bounds(float(low), float(Decimal(bounds.high).quantize(step, rounding=ROUND_CEILING)))
