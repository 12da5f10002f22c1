import math

import pytest
from tensorflow_metadata.proto.v0 import schema_pb2

from components.data_gate.feature_bounds import Bounds, bounds_of, domain_of


def test_bound_is_told_as_it_was_written() -> None:
    feature = schema_pb2.Feature(float_domain=schema_pb2.FloatDomain(min=0.01))
    assert str(bounds_of(feature)) == "0.01 to inf"


def test_feature_without_numbers_has_no_bounds() -> None:
    assert bounds_of(schema_pb2.Feature(name="site", type=schema_pb2.BYTES)) is None


@pytest.mark.parametrize("value", [1, 2.5, 4])
def test_bounds_hold_their_ends(value: float) -> None:
    assert value in Bounds(1, 4)
    assert value + 4 not in Bounds(1, 4)
    assert float("nan") not in Bounds(-math.inf, math.inf)  # noqa: PLW0177  a sentence about NaN


def test_union_and_section() -> None:
    assert Bounds(1, 4).around(Bounds(3, 9)) == (1, 9)
    assert Bounds(1, 4).within(Bounds(3, 9)) == (3, 4)


def test_listed_texts_stand_with_the_feature_or_in_the_schema() -> None:
    schema = schema_pb2.Schema(string_domain=[schema_pb2.StringDomain(name="sites", value=["north"])])
    assert domain_of(schema_pb2.Feature(name="site", domain="sites"), schema) == ("north",)
    assert domain_of(schema_pb2.Feature(name="site", string_domain=schema_pb2.StringDomain(value=["south"])), schema) == (
        "south",
    )
    assert domain_of(schema_pb2.Feature(name="site"), schema) == ()
