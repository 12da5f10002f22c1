from typing import Any

import pytest
from tfx.types import Channel, standard_artifacts

from components.artifacts import PredictionTable
from components.clinical_gate.component import ClinicalGate, ClinicalGateSpec
from components.clinical_gate.settings import GateSettings

SETTINGS = GateSettings.model_validate(
    {
        "classes": ["normal", "ill"],
        "rules": [{"measure": "sensitivity", "label": "ill", "at_least": 0.8, "confidence": 0.9}],
        "evaluation": {"thresholds": [{"metric": "auc", "at_least": 0.9, "per": "site"}], "change": None},
    }
)


def node(**changed: Any) -> ClinicalGate:
    kinds = {
        "predictions": PredictionTable,
        "evaluation": standard_artifacts.ModelEvaluation,
        "model": standard_artifacts.Model,
        "evaluator_blessing": standard_artifacts.ModelBlessing,
    }
    return ClinicalGate(**{name: Channel(type=kind) for name, kind in kinds.items()} | changed, settings=SETTINGS)


def test_every_input_is_required() -> None:
    assert set(node().inputs) == set(ClinicalGateSpec.INPUTS)
    assert not any(parameter.optional for parameter in ClinicalGateSpec.INPUTS.values())


def test_output_is_the_blessing_that_tfx_knows() -> None:
    assert {name: channel.type for name, channel in node().outputs.items()} == {"blessing": standard_artifacts.ModelBlessing}


def test_settings_reach_the_executor_whole() -> None:
    assert GateSettings.model_validate_json(node().exec_properties["settings"]) == SETTINGS


@pytest.mark.parametrize("name", ClinicalGateSpec.INPUTS)
def test_input_of_another_type_is_refused(name: str) -> None:
    with pytest.raises(TypeError, match=ClinicalGateSpec.INPUTS[name].type.TYPE_NAME):
        node(**{name: Channel(type=standard_artifacts.PushedModel)})
