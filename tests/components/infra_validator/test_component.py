from pathlib import Path

from tfx.types import standard_artifacts
from tfx.types.channel import Channel

from components.infra_validator.component import InfraValidator, InfraValidatorSpec
from components.infra_validator.settings import InfraSettings


def test_model_blessing_is_required_and_the_output_is_tfx_own_kind():
    assert not InfraValidatorSpec.INPUTS["model_blessing"].optional
    node = InfraValidator(
        Channel(type=standard_artifacts.Model),
        Channel(type=standard_artifacts.Examples),
        model_blessing=Channel(type=standard_artifacts.ModelBlessing),
        settings=InfraSettings(work_dir=Path("/work"), log=Path("/log"), golden_requests=4),
    )
    assert node.outputs["blessing"].type is standard_artifacts.InfraBlessing
    assert InfraSettings.model_validate_json(node.exec_properties["settings"]).golden_requests == 4
