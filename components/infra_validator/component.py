"""InfraValidator as a node of the graph."""

from tfx.dsl.components.base.base_component import BaseComponent
from tfx.dsl.components.base.executor_spec import ExecutorClassSpec
from tfx.types.channel import BaseChannel, Channel
from tfx.types.component_spec import ChannelParameter, ComponentSpec, ExecutionParameter
from tfx.types.standard_artifacts import Examples, InfraBlessing, Model, ModelBlessing

from components.infra_validator.executor import Executor


class InfraValidatorSpec(ComponentSpec):
    """The examples that golden requests are made of, and the model blessing, are required."""

    PARAMETERS = {  # noqa: RUF012 - declared so by TFX
        "golden_requests": ExecutionParameter(type=int),
        "time_limit": ExecutionParameter(type=float),
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
    """Runs a blessed export in a process of its own, in a TF1 session as TF Serving does, and checks its answers.

    Not a subclass of TFX's component of this name: that one is made around Docker and Kubernetes, whose clients it imports.
    Output: `blessing`, an InfraBlessing as TFX's Pusher reads it.
    """

    SPEC_CLASS = InfraValidatorSpec
    EXECUTOR_SPEC = ExecutorClassSpec(Executor)

    def __init__(
        self,
        model: BaseChannel,
        examples: BaseChannel,
        *,
        model_blessing: BaseChannel,
        golden_requests: int = 8,
        time_limit: float = 120.0,
    ) -> None:
        """Connect the inputs; `time_limit` is in seconds, for loading and all answers together."""
        super().__init__(
            spec=InfraValidatorSpec(
                model=model,
                examples=examples,
                model_blessing=model_blessing,
                golden_requests=golden_requests,
                time_limit=time_limit,
                blessing=Channel(type=InfraBlessing),
            )
        )
