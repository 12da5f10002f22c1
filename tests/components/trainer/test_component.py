import pytest
from tfx.types import standard_artifacts
from tfx.types.channel import Channel

from components.artifacts import DataBlessing, LeakageProof
from components.trainer.component import Trainer, TrainerSpec


def make(**changed):
    kinds = {
        "examples": standard_artifacts.Examples,
        "transform_graph": standard_artifacts.TransformGraph,
        "schema": standard_artifacts.Schema,
        "data_blessing": DataBlessing,
        "leakage_proof": LeakageProof,
    }
    return Trainer(**({name: Channel(type=kind) for name, kind in kinds.items()} | {"custom_config": {"a": 1}} | changed))


@pytest.mark.parametrize("name", ["data_blessing", "leakage_proof"])
def test_word_of_the_data_gate_is_a_required_input(name):
    assert not TrainerSpec.INPUTS[name].optional
    assert name in make().inputs


def test_a_blessing_of_another_gate_is_refused():
    with pytest.raises(TypeError, match="DataBlessing"):
        make(data_blessing=Channel(type=standard_artifacts.InfraBlessing))


def test_a_proof_of_another_kind_is_refused():
    with pytest.raises(TypeError, match="LeakageProof"):
        make(leakage_proof=Channel(type=DataBlessing))


def test_outputs_are_those_of_tfx():
    outputs = make().outputs
    assert {name: channel.type for name, channel in outputs.items()} == {
        "model": standard_artifacts.Model,
        "model_run": standard_artifacts.ModelRun,
    }


def test_val_is_the_split_to_watch_and_run_fn_is_fixed():
    properties = make().exec_properties
    assert '"val"' in properties["eval_args"]
    assert '"train"' in properties["train_args"]
    assert properties["run_fn"] == "models.training.run_fn"
