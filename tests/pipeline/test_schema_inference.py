from collections.abc import Callable

import pytest
from tensorflow_metadata.proto.v0 import schema_pb2

from components.data_gate.feature_bounds import Bounds, bounds_of, domain_of
from pipeline.curated_schema import schema_for
from pipeline.judged_data import JudgedData
from pipeline.schema_anomalies import anomalies_of
from pipeline.schema_inference import learn

Measured = Callable[..., JudgedData]


def bounds(schema: schema_pb2.Schema, name: str) -> Bounds | None:
    return bounds_of(next(feature for feature in schema.feature if feature.name == name))


def test_data_keep_the_schema_that_was_learned_from_them(measured: Measured) -> None:
    data = measured(site=["north", "south"] * 20, width=range(500, 540), mean=[0.4 + number / 400 for number in range(40)])
    assert anomalies_of(data, learn(data, ["site"], margin=0.0).schema) == []


def test_equal_values_leave_no_room_and_spread_ones_a_margin(measured: Measured) -> None:
    learned = learn(measured(width=[500] * 40, height=range(400, 440)), ["site"], margin=0.5).schema
    assert bounds(learned, "width") == (500, 500)
    low, high = bounds(learned, "height") or (0, 0)
    assert 380 <= low <= 385
    assert 454 <= high <= 459


def test_bit_depth_gets_no_margin(measured: Measured) -> None:
    learned = learn(measured(bit_depth=[8] * 20 + [16] * 20), ["site"], margin=1.0).schema
    assert bounds(learned, "bit_depth") == (8, 16)


def test_bounds_stay_within_the_curated_ones(measured: Measured) -> None:
    learned = learn(
        measured(saturated=[number / 40 for number in range(40)], mean=[0.02, 0.98] * 20), ["site"], margin=1.0
    ).schema
    curated = schema_for((), ["site"])
    for name in ("saturated", "mean"):
        limits, found = bounds(curated, name), bounds(learned, name)
        assert limits is not None
        assert found is not None
        assert found.within(limits) == found


def test_values_of_a_slice_are_listed_sorted(measured: Measured) -> None:
    learned = learn(measured(site=["south", "north"] * 20), ["site"])
    site = next(feature for feature in learned.schema.feature if feature.name == "site")
    assert domain_of(site, learned.schema) == ("north", "south")
    assert learned.left_free == {}


@pytest.mark.parametrize(
    ("values", "why"),
    [
        (["north"] * 36 + ["clinic of Dr Grey"] * 4, "1 of 2 values have fewer than 5 examples"),
        ([f"ward {number}" for number in range(60) for _ in range(5)], "more than 50 values"),
    ],
)
def test_column_whose_values_may_tell_a_person_is_left_free(values: list[str], why: str, measured: Measured) -> None:
    learned = learn(measured(count=len(values), site=values), ["site"])
    assert learned.left_free == {"site": why}
    assert "Grey" not in str(learned)
    site = next(feature for feature in learned.schema.feature if feature.name == "site")
    assert domain_of(site, learned.schema) == ()


def test_column_that_the_data_do_not_have_is_left_free(measured: Measured) -> None:
    assert learn(measured(), ["site", "ward"]).left_free == {"ward": "these data have no such column"}


def test_label_stays_the_runs_affair(measured: Measured) -> None:
    learned = learn(measured(), ["site"]).schema
    assert domain_of(next(feature for feature in learned.feature if feature.name == "label"), learned) == ()
