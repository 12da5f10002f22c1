import json
from typing import Any

import pytest
from tfx.types import Channel, standard_artifacts

from components.artifacts import DataBlessing, IngestAccount
from components.data_gate.component import DataGate, DataGateSpec
from pipeline.config import ShortcutBounds, SkewBounds

KINDS = {
    "account": IngestAccount,
    "statistics": standard_artifacts.ExampleStatistics,
    "schema": standard_artifacts.Schema,
    "anomalies": standard_artifacts.ExampleAnomalies,
    "examples": standard_artifacts.Examples,
}


def node(**changed: Any) -> DataGate:
    told = {
        "classes": ("normal", "ill, or not"),
        "allowed_repeats": 3,
        "max_quarantined": 0.25,
        "slices": ("site", "sex"),
        "shortcut": ShortcutBounds(refuse_above=0.9),
        "skew": SkewBounds(refuse=True),
    }
    return DataGate(**{name: Channel(type=kind) for name, kind in KINDS.items()} | told | changed)


def test_only_the_examples_may_be_absent() -> None:
    assert {name for name, parameter in DataGateSpec.INPUTS.items() if parameter.optional} == {"examples"}
    assert set(node(examples=None).inputs) == set(KINDS) - {"examples"}


def test_output_is_the_blessing_that_trainer_needs() -> None:
    assert {name: channel.type for name, channel in node().outputs.items()} == {"blessing": DataBlessing}


def test_classes_and_bounds_reach_the_executor() -> None:
    properties = node().exec_properties
    assert json.loads(properties["classes"]) == ["normal", "ill, or not"]
    assert (properties["allowed_repeats"], properties["max_quarantined"]) == (3, 0.25)
    assert json.loads(properties["slices"]) == ["site", "sex"]
    assert json.loads(properties["shortcut"]) == {"warn_above": 0.6, "refuse_above": 0.9}
    assert json.loads(properties["skew"]) == {"l_infinity": 0.3, "jensen_shannon": 0.2, "refuse": True}


@pytest.mark.parametrize("name", KINDS)
def test_input_of_another_type_is_refused(name: str) -> None:
    with pytest.raises(TypeError, match=KINDS[name].TYPE_NAME):
        node(**{name: Channel(type=standard_artifacts.PushedModel)})
