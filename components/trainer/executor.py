"""TFX's generic Trainer executor behind the data blessing."""

from typing import Any

from tfx.components.trainer.executor import GenericExecutor
from tfx.types import Artifact

from components import blessing

DATA_BLESSING = "data_blessing"


class Executor(GenericExecutor):
    """Runs models.training.run_fn on blessed data."""

    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Train.

        Raises:
            NotBlessedError: when DataGate has not accepted the data.
        """
        blessing.require(input_dict.get(DATA_BLESSING, []), "DataGate")
        super().Do(input_dict, output_dict, exec_properties)
