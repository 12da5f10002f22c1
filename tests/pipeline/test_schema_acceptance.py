from collections.abc import Callable

import pytest
from tensorflow_metadata.proto.v0 import schema_pb2

from components.data_gate.feature_bounds import domain_of
from pipeline.curated_schema import schema_for
from pipeline.judged_data import JudgedData
from pipeline.schema_acceptance import Acceptance, accept
from pipeline.schema_anomalies import anomalies_of
from pipeline.schema_difference import differences
from pipeline.schema_inference import learn

Measured = Callable[..., JudgedData]
CURATED = schema_for(["ill", "well"], ["site"])


@pytest.fixture
def own(measured: Measured) -> schema_pb2.Schema:
    """A schema learned from 40 images of 500 x 500 pixels at two sites, with its classes."""
    schema = learn(measured(site=["north", "south"] * 20), ["site"]).schema
    schema.feature[0].string_domain.value.extend(["ill", "well"])
    return schema


def changes(own: schema_pb2.Schema, accepted: Acceptance) -> list[str]:
    return [str(change) for change in differences(own, accepted.schema)]


def test_data_that_keep_the_schema_change_nothing(own: schema_pb2.Schema, measured: Measured) -> None:
    assert accept(measured(), own, CURATED) == Acceptance(own, {})


def test_data_keep_the_schema_that_accepted_them(own: schema_pb2.Schema, measured: Measured) -> None:
    data = measured(site=["north", "west"] * 20, width=[500, 612] * 20, bit_depth=[8, 16] * 20, mean=[0.25, 0.75] * 20)
    assert anomalies_of(data, own)
    accepted = accept(data, own, CURATED)
    assert accepted.refused == {}
    assert anomalies_of(data, accepted.schema) == []
    assert changes(own, accepted) == [
        "width: 500 to 500 -> 500 to 612 (wider)",
        "bit_depth: 8 to 8 -> 8 to 16 (wider)",
        "mean: 0.5 to 0.5 -> 0.25 to 0.75 (wider)",
        "site: north, south -> north, south, west (new: west)",
    ]


def test_nothing_goes_beyond_the_curated_bounds(own: schema_pb2.Schema, measured: Measured) -> None:
    data = measured(entropy=[0.0] + [5.0] * 39)
    accepted = accept(data, own, CURATED)
    assert accepted.refused["entropy"].startswith("the data reach from 0 to 5, beyond the curated 0.1 to 8.")
    assert accepted.schema == own


def test_bound_that_a_person_wrote_beyond_the_curated_one_stays(own: schema_pb2.Schema, measured: Measured) -> None:
    next(feature for feature in own.feature if feature.name == "entropy").float_domain.min = 0.05
    accepted = accept(measured(entropy=[0.07] * 39 + [5.5]), own, CURATED)
    assert accepted.refused == {}
    assert changes(own, accepted) == ["entropy: 0.05 to 5 -> 0.05 to 5.5 (wider)"]


def test_other_label_is_never_accepted(own: schema_pb2.Schema, measured: Measured) -> None:
    accepted = accept(measured(label=["ill", "odd"] * 20), own, CURATED)
    assert accepted.refused["label"].startswith("the data hold other labels than data.classes")
    assert domain_of(accepted.schema.feature[0], accepted.schema) == ("ill", "well")


def test_rare_value_is_neither_accepted_nor_named(own: schema_pb2.Schema, measured: Measured) -> None:
    accepted = accept(measured(site=["north"] * 39 + ["Dr Grey"]), own, CURATED)
    assert accepted.refused["site"].startswith("1 of 1 new values have fewer than 5 examples")
    assert "Grey" not in str(accepted)


def test_column_that_is_left_free_needs_nothing(own: schema_pb2.Schema, measured: Measured) -> None:
    next(feature for feature in own.feature if feature.name == "site").ClearField("string_domain")
    assert accept(measured(site=["anywhere"] * 40), own, CURATED).refused == {}
