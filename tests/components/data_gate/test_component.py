from typing import Any

import pytest
from tfx.types import Channel, standard_artifacts

from components.artifacts import DataBlessing, IngestAccount, LeakageProof
from components.data_gate.component import DataGate, DataGateSpec
from components.data_gate.settings import DataGateSettings

KINDS = {
    "account": IngestAccount,
    "statistics": standard_artifacts.ExampleStatistics,
    "schema": standard_artifacts.Schema,
    "anomalies": standard_artifacts.ExampleAnomalies,
    "examples": standard_artifacts.Examples,
    "earlier_accounts": IngestAccount,
    "earlier_statistics": standard_artifacts.ExampleStatistics,
}
EARLIER = {"earlier_accounts", "earlier_statistics"}
SETTINGS = DataGateSettings(classes=("normal", "ill, or not"), max_quarantined=0.25, allowed_repeats=3)


def node(**changed: Any) -> DataGate:
    return DataGate(**{name: Channel(type=kind) for name, kind in KINDS.items()} | {"settings": SETTINGS} | changed)


def test_only_what_earlier_runs_left_may_be_absent() -> None:
    assert {name for name, parameter in DataGateSpec.INPUTS.items() if parameter.optional} == EARLIER
    assert set(node(**dict.fromkeys(EARLIER)).inputs) == set(KINDS) - EARLIER


def test_outputs_are_the_blessing_and_the_proof_that_trainer_needs() -> None:
    outputs = {name: channel.type for name, channel in node().outputs.items()}
    assert outputs == {"blessing": DataBlessing, "leakage_proof": LeakageProof}


def test_settings_reach_the_executor() -> None:
    assert DataGateSettings.model_validate_json(node().exec_properties["settings"]) == SETTINGS


@pytest.mark.parametrize("name", KINDS)
def test_input_of_another_type_is_refused(name: str) -> None:
    with pytest.raises(TypeError, match=KINDS[name].TYPE_NAME):
        node(**{name: Channel(type=standard_artifacts.PushedModel)})
