"""TFX's generic Trainer executor behind the data blessing and the leakage proof."""

from typing import Any

from tfx.components.trainer.executor import GenericExecutor
from tfx.types import Artifact

from components import blessing
from components.data_gate import proof

DATA_BLESSING = "data_blessing"
LEAKAGE_PROOF = "leakage_proof"


class Executor(GenericExecutor):
    """Runs models.training.run_fn on blessed data whose splits are proven apart."""

    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Train.

        Raises:
            NotBlessedError: when DataGate has not accepted the data, or has not proven that the splits are free of leaks.
        """
        blessing.require(input_dict.get(DATA_BLESSING, []), "DataGate")
        proof.require(input_dict.get(LEAKAGE_PROOF, []))
        super().Do(input_dict, output_dict, exec_properties)
