"""The baseline: of the models that passed every gate, the one that was pushed last; never the candidate itself.

TFX's LatestBlessedModelStrategy gives a repeated run its own candidate as baseline, and takes a model that the Evaluator
blessed and a later gate refused.
"""

import json
from collections.abc import Collection, Sequence

from ml_metadata import MetadataStore
from tfx.components.evaluator.constants import ARTIFACT_PROPERTY_CURRENT_MODEL_ID_KEY
from tfx.dsl.components.common.resolver import ResolverStrategy
from tfx.types import Artifact

from components.blessing import is_blessed
from components.clinical_gate.executor import CLASSES, IMAGE
from components.pusher.executor import PUSHED

MODEL = "model"
CANDIDATE = "candidate"
BLESSING = "blessing"
PUSHED_MODEL = "pushed"
WITHDRAWN = "withdrawn"  # property of a pushed model that was taken back: 1


class NewestPushedModel(ResolverStrategy):
    """Resolves `model` to the baseline, or to nothing."""

    def __init__(self, classes: str, image: str) -> None:
        """Take only models of these classes (JSON list), whose probabilities mean the same, and of this image form (JSON).

        The baseline is asked about the candidate's canonical images: one of another form would answer about images that are
        not like those it learned from.
        """
        self._classes = json.loads(classes)
        self._image = json.loads(image)

    def resolve_artifacts(self, store: MetadataStore, input_dict: dict[str, list[Artifact]]) -> dict[str, list[Artifact]]:
        """Return the baseline under `model`; every other key is empty."""
        del store
        blessed = {_model_id(blessing) for blessing in input_dict[BLESSING] if self._is_accepted(blessing)}
        pushes = sorted((push for push in input_dict[PUSHED_MODEL] if _is_served(push)), key=lambda push: push.id)
        known = blessed & {model.id for model in input_dict[MODEL]} - {model.id for model in input_dict[CANDIDATE]}
        found = pushed_last([_model_id(push) for push in pushes], known)
        nothing: dict[str, list[Artifact]] = {key: [] for key in input_dict}
        return {**nothing, MODEL: [model for model in input_dict[MODEL] if model.id == found]}

    def _is_accepted(self, blessing: Artifact) -> bool:
        classes = json.loads(blessing.get_string_custom_property(CLASSES) or "null")
        image = json.loads(blessing.get_string_custom_property(IMAGE) or "null")
        return is_blessed(blessing) and bool(classes == self._classes and image == self._image)


def pushed_last(pushes: Sequence[int], models: Collection[int]) -> int | None:
    """Return the last of the pushed models that is among `models`.

    By push and not by the age of the model: a model that was trained early and pushed again is what is served.
    """
    return next((model for model in reversed(pushes) if model in models), None)


def _model_id(artifact: Artifact) -> int:
    identity: int = artifact.get_int_custom_property(ARTIFACT_PROPERTY_CURRENT_MODEL_ID_KEY)
    return identity


def _is_served(push: Artifact) -> bool:
    return push.get_int_custom_property(PUSHED) == 1 and push.get_int_custom_property(WITHDRAWN) != 1
