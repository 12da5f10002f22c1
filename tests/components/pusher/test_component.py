import pytest
from tfx.types import BaseChannel, Channel, standard_artifacts

from components.pusher.component import Pusher, PusherSpec

MODEL = Channel(type=standard_artifacts.Model)
CLINICAL = Channel(type=standard_artifacts.ModelBlessing)
INFRA = Channel(type=standard_artifacts.InfraBlessing)


def node(*, clinical: BaseChannel = CLINICAL, infra: BaseChannel = INFRA) -> Pusher:
    return Pusher(model=MODEL, model_blessing=clinical, infra_blessing=infra, serving_dir="/state/serving/demo", data_digest="d1")


def test_both_blessings_are_required() -> None:
    assert set(node().inputs) == {"model", "model_blessing", "infra_blessing"}
    assert [name for name, parameter in PusherSpec.INPUTS.items() if parameter.optional] == ["evaluation"]


def test_output_is_the_pushed_model_that_tfx_knows() -> None:
    assert {name: channel.type for name, channel in node().outputs.items()} == {"pushed_model": standard_artifacts.PushedModel}


def test_executor_is_told_the_serving_folder_and_the_datas_digest() -> None:
    assert node().exec_properties == {"serving_dir": "/state/serving/demo", "data_digest": "d1"}


def test_infra_validators_word_is_not_taken_for_the_clinical_gates() -> None:
    with pytest.raises(TypeError, match="ModelBlessing"):
        node(clinical=INFRA)


def test_clinical_gates_word_is_not_taken_for_infra_validators() -> None:
    with pytest.raises(TypeError, match="InfraBlessing"):
        node(infra=CLINICAL)
