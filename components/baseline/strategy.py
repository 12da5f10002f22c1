"""The baseline: the newest model before the candidate that passed every gate and was pushed.

TFX's LatestBlessedModelStrategy gives a repeated run its own candidate as baseline, and takes a model that the Evaluator
blessed and a later gate refused.
"""

import json
from collections.abc import Iterable

from ml_metadata import MetadataStore
from tfx.components.evaluator.constants import ARTIFACT_PROPERTY_CURRENT_MODEL_ID_KEY
from tfx.dsl.components.common.resolver import ResolverStrategy
from tfx.types import Artifact

from components.blessing import is_blessed
from components.clinical_gate.executor import CLASSES
from components.pusher.executor import PUSHED

MODEL = "model"
CANDIDATE = "candidate"
BLESSING = "blessing"
PUSHED_MODEL = "pushed"
WITHDRAWN = "withdrawn"  # property of a pushed model that was taken back: 1


class NewestPushedModel(ResolverStrategy):
    """Resolves `model` to the baseline, or to nothing."""

    def __init__(self, classes: str) -> None:
        """Take only models of these classes (JSON list), whose probabilities mean the same."""
        self._classes = json.loads(classes)

    def resolve_artifacts(self, store: MetadataStore, input_dict: dict[str, list[Artifact]]) -> dict[str, list[Artifact]]:
        """Return the baseline under `model`; every other key is empty."""
        del store
        blessed = _model_ids(blessing for blessing in input_dict[BLESSING] if self._is_accepted(blessing))
        pushed = _model_ids(push for push in input_dict[PUSHED_MODEL] if _is_served(push))
        candidate = min((model.id for model in input_dict[CANDIDATE]), default=0)
        found = newest_before(candidate, blessed & pushed & {model.id for model in input_dict[MODEL]})
        nothing: dict[str, list[Artifact]] = {key: [] for key in input_dict}
        return {**nothing, MODEL: [model for model in input_dict[MODEL] if model.id == found]}

    def _is_accepted(self, blessing: Artifact) -> bool:
        classes = json.loads(blessing.get_string_custom_property(CLASSES) or "null")
        return is_blessed(blessing) and bool(classes == self._classes)


def newest_before(candidate: int, models: Iterable[int]) -> int | None:
    """Return the highest id below the candidate's; ids of ML Metadata grow with time."""
    return max((model for model in models if model < candidate), default=None)


def _model_ids(artifacts: Iterable[Artifact]) -> set[int]:
    return {artifact.get_int_custom_property(ARTIFACT_PROPERTY_CURRENT_MODEL_ID_KEY) for artifact in artifacts}


def _is_served(push: Artifact) -> bool:
    return push.get_int_custom_property(PUSHED) == 1 and push.get_int_custom_property(WITHDRAWN) != 1
