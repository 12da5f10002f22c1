"""Runs the push and publishes where the model went."""

import contextlib
import shutil
from pathlib import Path
from typing import Any

from tfx.components.pusher.executor import Executor as TfxExecutor
from tfx.types import Artifact, artifact_utils
from tfx.utils import path_utils

from components import blessing
from components.evaluation.results import OVERALL, read_results
from components.pusher.load_check import check_loads
from components.pusher.manifest import Provenance, manifest_path
from components.pusher.push import push
from components.pusher.served import standing
from components.pusher.versions import State, Version

MODEL_ID = "current_model_id"  # the model's id in ML Metadata; blessings carry it under the same name
ALREADY_SERVED = "already_served"  # 1: this export was served or waiting before, nothing was copied
PUSHED = "pushed"  # 0: the export was taken back before and is not pushed again
PUSHED_DESTINATION = "pushed_destination"
PUSHED_VERSION = "pushed_version"


class Executor(TfxExecutor):
    """Copies, checks and renames; see push.py."""

    def Do(
        self, input_dict: dict[str, list[Artifact]], output_dict: dict[str, list[Artifact]], exec_properties: dict[str, Any]
    ) -> None:
        """Push the model, unless this export is served or waits already, or was taken back.

        Raises:
            NotBlessedError: a gate has not blessed it.
        """
        blessing.require(input_dict.get("model_blessing", []), "ClinicalGate")
        blessing.require(input_dict.get("infra_blessing", []), "InfraValidator")
        model = artifact_utils.get_single_instance(input_dict["model"])
        serving_dir = Path(exec_properties["serving_dir"])
        export = Path(path_utils.serving_model_path(model.uri))
        found = standing(export, serving_dir)
        before = None if found is None or found.state is State.KEPT else found  # a kept one is pushed again, to be the newest
        if before:
            version = before.number
        else:
            provenance = self._provenance(model, input_dict, exec_properties["data_digest"])
            version = push(export, serving_dir, provenance=provenance, check=check_loads)
        pushed = artifact_utils.get_single_instance(output_dict["pushed_model"])
        with contextlib.suppress(OSError):  # the version is live by now; the original lies beside it
            shutil.copyfile(manifest_path(serving_dir, version), Path(pushed.uri) / "manifest.json")
        pushed.set_int_custom_property(PUSHED, int(before is None or before.state is not State.WITHDRAWN))
        pushed.set_int_custom_property(ALREADY_SERVED, int(before is not None and not self._pushed_by_us(before)))
        _publish(pushed, model, destination=f"serving/{serving_dir.name}/{version}")

    def _pushed_by_us(self, version: Version) -> bool:
        """Tell whether this very run pushed a version, before it was killed."""
        return bool(self._context and version.manifest["run_id"] == self._context.pipeline_run_id)

    def _provenance(self, model: Artifact, input_dict: dict[str, list[Artifact]], data_digest: str) -> Provenance:
        run_id = self._context.pipeline_run_id if self._context else ""
        gates = {"ClinicalGate": "model_blessing", "InfraValidator": "infra_blessing"}
        verdicts = {gate: blessing.read(input_dict[key][0].uri)[0] for gate, key in gates.items()}
        evaluations = input_dict.get("evaluation", [])
        metrics = read_results(Path(evaluations[0].uri)).metrics.get(OVERALL, {}) if evaluations else {}
        return Provenance(run_id or "", model.id, verdicts, data_digest=data_digest, metrics=metrics)


def _publish(pushed: Artifact, model: Artifact, *, destination: str) -> None:
    """Set what TFX's Pusher sets, the destination relative to the root, and the model's id."""
    pushed.set_string_custom_property(PUSHED_DESTINATION, destination)
    pushed.set_string_custom_property(PUSHED_VERSION, destination.rsplit("/", 1)[-1])
    pushed.set_int_custom_property(MODEL_ID, model.id)
