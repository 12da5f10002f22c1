"""Runs the push and publishes where the model went."""

import contextlib
import json
import shutil
from pathlib import Path
from typing import Any

from tfx.components.pusher.executor import Executor as TfxExecutor
from tfx.types import Artifact, artifact_utils
from tfx.utils import path_utils

from components import blessing
from components.pusher.load_check import check_loads
from components.pusher.manifest import Provenance, manifest_path
from components.pusher.push import push
from components.pusher.served import served_version_of

MODEL_ID = "current_model_id"  # the model's id in ML Metadata; blessings carry it under the same name
ALREADY_SERVED = "already_served"  # 1: the newest version was this export before, nothing was copied
PUSHED = "pushed"
PUSHED_DESTINATION = "pushed_destination"
PUSHED_VERSION = "pushed_version"


class Executor(TfxExecutor):
    """Copies, checks and renames; see push.py."""

    def Do(
        self, input_dict: dict[str, list[Artifact]], output_dict: dict[str, list[Artifact]], exec_properties: dict[str, Any]
    ) -> None:
        """Push the model, unless the newest version already is this export.

        Raises:
            NotBlessedError: a gate has not blessed it.
        """
        blessing.require(input_dict.get("model_blessing", []), "ClinicalGate")
        blessing.require(input_dict.get("infra_blessing", []), "InfraValidator")
        model = artifact_utils.get_single_instance(input_dict["model"])
        serving_dir = Path(exec_properties["serving_dir"])
        export = Path(path_utils.serving_model_path(model.uri))
        served = served_version_of(export, serving_dir)
        version = served or push(export, serving_dir, provenance=self._provenance(model, input_dict), check=check_loads)
        pushed = artifact_utils.get_single_instance(output_dict["pushed_model"])
        with contextlib.suppress(OSError):  # the version is live by now; the original lies beside it
            shutil.copyfile(manifest_path(serving_dir, version), Path(pushed.uri) / "manifest.json")
        pushed.set_int_custom_property(ALREADY_SERVED, int(served is not None and not self._pushed_by_us(serving_dir, served)))
        _publish(pushed, model, destination=f"serving/{serving_dir.name}/{version}")

    def _pushed_by_us(self, serving_dir: Path, version: int) -> bool:
        """Tell whether this very run pushed a version, before it was killed."""
        run_id = json.loads(manifest_path(serving_dir, version).read_text())["run_id"]
        return bool(self._context and run_id == self._context.pipeline_run_id)

    def _provenance(self, model: Artifact, input_dict: dict[str, list[Artifact]]) -> Provenance:
        run_id = self._context.pipeline_run_id if self._context else ""
        gates = {"ClinicalGate": "model_blessing", "InfraValidator": "infra_blessing"}
        verdicts = {gate: blessing.read(input_dict[key][0].uri)[0] for gate, key in gates.items()}
        return Provenance(run_id=run_id or "", model_id=model.id, blessings=verdicts)


def _publish(pushed: Artifact, model: Artifact, *, destination: str) -> None:
    """Set the properties that TFX's Pusher sets, the destination relative to the root, and the model's id."""
    pushed.set_int_custom_property(PUSHED, 1)
    pushed.set_string_custom_property(PUSHED_DESTINATION, destination)
    pushed.set_string_custom_property(PUSHED_VERSION, destination.rsplit("/", 1)[-1])
    pushed.set_int_custom_property(MODEL_ID, model.id)
