import json
from typing import Any

import pytest
from tfx.types import Channel, standard_artifacts

from components.artifacts import PredictionTable
from components.predictions.component import Predictions, PredictionsSpec

KINDS = {
    "examples": standard_artifacts.Examples,
    "model": standard_artifacts.Model,
    "baseline_model": standard_artifacts.Model,
}


def node(**changed: Any) -> Predictions:
    channels = {name: Channel(type=kind) for name, kind in KINDS.items()}
    return Predictions(**channels | {"classes": ("normal", "ill, or not"), "slices": ("site", "sex")} | changed)


def test_only_the_baseline_may_be_absent() -> None:
    assert {name for name, parameter in PredictionsSpec.INPUTS.items() if parameter.optional} == {"baseline_model"}
    assert set(node(baseline_model=None).inputs) == {"examples", "model"}


def test_output_is_the_table() -> None:
    assert {name: channel.type for name, channel in node().outputs.items()} == {"predictions": PredictionTable}


def test_classes_and_slices_reach_the_executor_in_their_order() -> None:
    properties = {name: json.loads(value) for name, value in node().exec_properties.items()}
    assert properties == {"classes": ["normal", "ill, or not"], "slices": ["site", "sex"]}


@pytest.mark.parametrize("name", KINDS)
def test_input_of_another_type_is_refused(name: str) -> None:
    with pytest.raises(TypeError, match=KINDS[name].TYPE_NAME):
        node(**{name: Channel(type=standard_artifacts.PushedModel)})
