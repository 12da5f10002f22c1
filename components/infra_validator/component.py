"""InfraValidator as a node of the graph."""

from tfx.dsl.components.base.base_component import BaseComponent
from tfx.dsl.components.base.executor_spec import ExecutorClassSpec
from tfx.types.channel import BaseChannel, Channel
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter
from tfx.types.standard_artifacts import Examples, InfraBlessing, Model, ModelBlessing

from components.infra_validator.executor import Executor
from components.infra_validator.settings import InfraSettings


class InfraValidatorSpec(ComponentSpec):
    """The examples that golden requests are made of, and the model blessing, are required."""

    PARAMETERS = {  # noqa: RUF012 - declared so by TFX
        "settings": ExecutionParameter(type=str),
    }
    INPUTS = {  # noqa: RUF012
        "model": ChannelParameter(type=Model),
        "examples": ChannelParameter(type=Examples),
        "model_blessing": ChannelParameter(type=ModelBlessing),
    }
    OUTPUTS = {  # noqa: RUF012
        "blessing": ChannelParameter(type=InfraBlessing),
    }


class InfraValidator(BaseComponent):
    """Serves a blessed export from a process of its own, over gRPC as in production, and checks its answers and what they cost.

    Not a subclass of TFX's component of this name: that one is made around Docker and Kubernetes, whose clients it imports. Nor
    is its gRPC client of use here: it throws the answers away, and its calls have no deadline.
    Output: `blessing`, an InfraBlessing as TFX's Pusher reads it.
    """

    SPEC_CLASS = InfraValidatorSpec
    EXECUTOR_SPEC = ExecutorClassSpec(Executor)

    def __init__(
        self, model: BaseChannel, examples: BaseChannel, *, model_blessing: BaseChannel, settings: InfraSettings
    ) -> None:
        """Connect the inputs."""
        super().__init__(
            spec=InfraValidatorSpec(
                model=model,
                examples=examples,
                model_blessing=model_blessing,
                settings=settings.model_dump_json(),
                blessing=Channel(type=InfraBlessing),
            )
        )
