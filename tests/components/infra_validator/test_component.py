from tfx.types import standard_artifacts
from tfx.types.channel import Channel

from components.infra_validator.component import InfraValidator, InfraValidatorSpec


def test_model_blessing_is_required_and_the_output_is_tfx_own_kind():
    assert not InfraValidatorSpec.INPUTS["model_blessing"].optional
    node = InfraValidator(
        Channel(type=standard_artifacts.Model),
        Channel(type=standard_artifacts.Examples),
        model_blessing=Channel(type=standard_artifacts.ModelBlessing),
        golden_requests=4,
    )
    assert node.outputs["blessing"].type is standard_artifacts.InfraBlessing
    assert node.exec_properties["golden_requests"] == 4
