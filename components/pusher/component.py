"""The Pusher node: TFX's, with both blessings required, and what a version's manifest tells besides."""

from tfx.components.pusher.component import Pusher as TfxPusher
from tfx.dsl.components.base.base_component import BaseComponent
from tfx.dsl.components.base.executor_spec import ExecutorClassSpec
from tfx.types import BaseChannel, Channel, standard_artifacts
from tfx.types.component_spec import ChannelParameter, ExecutionParameter
from tfx.types.standard_component_specs import PusherSpec as TfxPusherSpec

from components.pusher.executor import Executor


class PusherSpec(TfxPusherSpec):
    """Inputs, output and parameter of Pusher."""

    PARAMETERS = {  # noqa: RUF012  TFX's form
        "serving_dir": ExecutionParameter(type=str),
        "data_digest": ExecutionParameter(type=str),
    }
    INPUTS = {  # noqa: RUF012  TFX's form
        "model": ChannelParameter(type=standard_artifacts.Model),
        "model_blessing": ChannelParameter(type=standard_artifacts.ModelBlessing),
        "infra_blessing": ChannelParameter(type=standard_artifacts.InfraBlessing),
        "evaluation": ChannelParameter(type=standard_artifacts.ModelEvaluation, optional=True),
    }


class Pusher(TfxPusher):
    """Pushes the model that ClinicalGate and InfraValidator have blessed.

    Output `pushed_model`: manifest.json, the copy of what lies beside the version in the serving folder.
    """

    SPEC_CLASS = PusherSpec
    EXECUTOR_SPEC = ExecutorClassSpec(Executor)

    def __init__(
        self,
        *,
        model: BaseChannel,
        model_blessing: BaseChannel,
        infra_blessing: BaseChannel,
        serving_dir: str,
        evaluation: BaseChannel | None = None,
        data_digest: str = "",
    ) -> None:
        """Push below `serving_dir`, which is <root>/serving/<name>; `data_digest` is that of the data's manifest."""
        spec = PusherSpec(
            model=model,
            model_blessing=model_blessing,
            infra_blessing=infra_blessing,
            evaluation=evaluation,
            serving_dir=serving_dir,
            data_digest=data_digest,
            pushed_model=Channel(type=standard_artifacts.PushedModel),
        )
        BaseComponent.__init__(self, spec=spec)  # TFX's own constructor asks for a push_destination
