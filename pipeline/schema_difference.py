"""How two schemas differ, in words: bounds, listed values, features that only one of them names."""

from collections.abc import Iterator
from dataclasses import dataclass

from tensorflow_metadata.proto.v0 import schema_pb2

from components.data_gate.feature_bounds import Bounds, bounds_of, domain_of
from models.features import LABEL

ANY = "any text"


@dataclass(frozen=True)
class Difference:
    """One feature on which two schemas differ.

    Args:
        feature: its name.
        before, after: its rule in the first and in the second schema, '' where that does not name it.
        words: what that means: narrower, wider, ...
    """

    feature: str
    before: str
    after: str
    words: str

    def __str__(self) -> str:
        """'width: 8 to 100000 -> 500 to 600 (narrower)'."""
        return f"{self.feature}: {self.before or 'not named'} -> {self.after or 'not named'} ({self.words})"


def differences(first: schema_pb2.Schema, second: schema_pb2.Schema) -> Iterator[Difference]:
    """Yield what differs from the first schema to the second, in their order; the label's domain is the run's affair."""
    before = {feature.name: feature for feature in first.feature}
    after = {feature.name: feature for feature in second.feature}
    for name in dict.fromkeys((*before, *after)):
        if name == LABEL and name in before and name in after:
            continue
        if name not in after:
            yield Difference(name, rule_in_words(before[name], first), "", "left out")
        elif name not in before:
            yield Difference(name, "", rule_in_words(after[name], second), "new")
        else:
            old, new = rule_in_words(before[name], first), rule_in_words(after[name], second)
            if old != new:
                yield Difference(name, old, new, words_of_change((before[name], first), (after[name], second)))


def rule_in_words(feature: schema_pb2.Feature, schema: schema_pb2.Schema) -> str:
    """Return what a schema asks of a feature's value."""
    bounds = bounds_of(feature)
    return str(bounds) if bounds else ", ".join(domain_of(feature, schema)) or ANY


def words_of_change(
    before: tuple[schema_pb2.Feature, schema_pb2.Schema], after: tuple[schema_pb2.Feature, schema_pb2.Schema]
) -> str:
    """Return how a feature's rule changed."""
    old, new = bounds_of(before[0]), bounds_of(after[0])
    if old and new:
        return words_of_bounds(old, new)
    listed, listed_now = set(domain_of(*before)), set(domain_of(*after))
    if not listed or not listed_now:
        return "values are listed now" if listed_now else "any value is allowed now"
    gone, came = sorted(listed - listed_now), sorted(listed_now - listed)
    told = [f"new: {', '.join(came)}"] if came else []
    return "; ".join([*told, f"gone: {', '.join(gone)}"] if gone else told)


def words_of_bounds(before: Bounds, after: Bounds) -> str:
    """Return whether bounds became narrower, wider or moved."""
    if before.low <= after.low and after.high <= before.high:
        return "narrower"
    return "wider" if after.low <= before.low and before.high <= after.high else "moved"
