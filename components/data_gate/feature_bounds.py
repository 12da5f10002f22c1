"""What a schema allows a feature's values to be: numbers between bounds, or texts of a list."""

import math
from typing import NamedTuple

from tensorflow_metadata.proto.v0 import schema_pb2


class Bounds(NamedTuple):
    """The least and the greatest value that are allowed; infinite where nothing is said."""

    low: float
    high: float

    def __contains__(self, value: object) -> bool:
        """Tell whether a number is allowed; NaN is not."""
        return isinstance(value, int | float) and self.low <= value <= self.high

    def __str__(self) -> str:
        """'0.01 to 0.99': of the schema's 32-bit floats the digits that were written."""
        return f"{self.low:.7g} to {self.high:.7g}"

    def within(self, other: "Bounds") -> "Bounds":
        """Return these bounds, nowhere beyond others."""
        return Bounds(max(self.low, other.low), min(self.high, other.high))

    def around(self, other: "Bounds") -> "Bounds":
        """Return bounds that allow what either does."""
        return Bounds(min(self.low, other.low), max(self.high, other.high))


def bounds_of(feature: schema_pb2.Feature) -> Bounds | None:
    """Return a feature's bounds, None for one that has no numeric domain."""
    for kind in ("int_domain", "float_domain"):
        if feature.HasField(kind):
            domain = getattr(feature, kind)
            low = float(domain.min) if domain.HasField("min") else -math.inf
            return Bounds(low, float(domain.max) if domain.HasField("max") else math.inf)
    return None


def domain_of(feature: schema_pb2.Feature, schema: schema_pb2.Schema) -> tuple[str, ...]:
    """Return the texts that a feature may have; empty: any."""
    if feature.HasField("string_domain"):
        return tuple(feature.string_domain.value)
    named = {domain.name: tuple(domain.value) for domain in schema.string_domain}
    return named.get(feature.domain, ())
