"""TFX's Trainer with two inputs more: the data blessing and the leakage proof."""

from typing import Any

from tfx.dsl.components.base.base_component import BaseComponent
from tfx.dsl.components.base.executor_spec import ExecutorClassSpec
from tfx.proto import trainer_pb2
from tfx.types import standard_component_specs
from tfx.types.artifact import Artifact
from tfx.types.channel import BaseChannel, Channel
from tfx.types.component_spec import ChannelParameter
from tfx.types.standard_artifacts import Model, ModelRun
from tfx.utils import json_utils

from components.artifacts import DataBlessing, LeakageProof
from components.trainer.executor import DATA_BLESSING, LEAKAGE_PROOF, Executor

RUN_FN = "models.training.run_fn"


class TrainerSpec(standard_component_specs.TrainerSpec):
    """TFX's, in which blessing and proof are required: a missing optional input would not hold a node back."""

    INPUTS = {  # noqa: RUF012 - declared so by TFX
        **standard_component_specs.TrainerSpec.INPUTS,
        DATA_BLESSING: ChannelParameter(type=DataBlessing),
        LEAKAGE_PROOF: ChannelParameter(type=LeakageProof),
    }


class Trainer(BaseComponent):
    """Trains on the train split, watches the val split, exports the best weights.

    Outputs: `model`, the SavedModel of models/export.py; `model_run`, history.json and TensorBoard's event files.
    """

    SPEC_CLASS = TrainerSpec
    EXECUTOR_SPEC = ExecutorClassSpec(Executor)

    def __init__(
        self,
        examples: BaseChannel,
        *,
        transform_graph: BaseChannel,
        schema: BaseChannel,
        data_blessing: BaseChannel,
        leakage_proof: BaseChannel,
        custom_config: dict[str, Any],
    ) -> None:
        """Connect the inputs; `custom_config` is what models.training.run_fn is told."""
        inputs = {"examples": examples, "transform_graph": transform_graph, "schema": schema}
        gated = {DATA_BLESSING: data_blessing, LEAKAGE_PROOF: leakage_proof}
        super().__init__(
            spec=TrainerSpec(
                **inputs,
                **gated,
                train_args=trainer_pb2.TrainArgs(splits=["train"]),
                eval_args=trainer_pb2.EvalArgs(splits=["val"]),
                run_fn=RUN_FN,
                custom_config=json_utils.dumps(custom_config),
                model=_output(Model),
                model_run=_output(ModelRun),
            )
        )


def _output(kind: type[Artifact]) -> Channel:
    return Channel(type=kind)
