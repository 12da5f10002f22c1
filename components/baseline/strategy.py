"""The baseline: of the models that passed every gate, the one that was pushed last and not taken back; never the candidate.

TFX's LatestBlessedModelStrategy gives a repeated run its own candidate as baseline, and takes a model that the Evaluator
blessed and a later gate refused.
"""

import json
from collections.abc import Collection, Sequence
from pathlib import Path

from ml_metadata import MetadataStore
from tfx.components.evaluator.constants import ARTIFACT_PROPERTY_CURRENT_MODEL_ID_KEY
from tfx.dsl.components.common.resolver import ResolverStrategy
from tfx.types import Artifact

from components.blessing import is_blessed
from components.clinical_gate.executor import CLASSES, IMAGE
from components.pusher.executor import PUSHED, PUSHED_DESTINATION
from components.pusher.versions import State, Version, versions

MODEL = "model"
CANDIDATE = "candidate"
BLESSING = "blessing"
PUSHED_MODEL = "pushed"
NOT_SERVED = (State.WITHDRAWN, State.WAITING)


class NewestPushedModel(ResolverStrategy):
    """Resolves `model` to the baseline, or to nothing."""

    def __init__(self, classes: str, image: str, root: str) -> None:
        """Take only models of these classes (JSON list), whose probabilities mean the same, and of this image form (JSON).

        What became of a push is asked of the serving folder below `root`.
        The baseline is asked about the candidate's canonical images: one of another form would answer about images that are
        not like those it learned from.
        """
        self._classes = json.loads(classes)
        self._image = json.loads(image)
        self._root = Path(root)

    def resolve_artifacts(self, store: MetadataStore, input_dict: dict[str, list[Artifact]]) -> dict[str, list[Artifact]]:
        """Return the baseline under `model`; every other key is empty."""
        del store
        blessed = {_model_id(blessing) for blessing in input_dict[BLESSING] if self._is_accepted(blessing)}
        known = blessed & {model.id for model in input_dict[MODEL]} - {model.id for model in input_dict[CANDIDATE]}
        found = pushed_last(self._standing(input_dict[PUSHED_MODEL]), known)
        nothing: dict[str, list[Artifact]] = {key: [] for key in input_dict}
        return {**nothing, MODEL: [model for model in input_dict[MODEL] if model.id == found]}

    def _standing(self, pushes: Sequence[Artifact]) -> list[int]:
        """Return the pushed models that were not taken back and do not wait, in the order of their newest versions."""
        pushed = [push for push in pushes if push.get_int_custom_property(PUSHED) == 1]
        places = {push.id: self._root / push.get_string_custom_property(PUSHED_DESTINATION) for push in pushed}
        folders = {folder: versions(folder) for folder in {place.parent for place in places.values()}}
        newest = {number: newest_version_of(int(place.name), folders[place.parent]) for number, place in places.items()}
        found = [(version, push.id, _model_id(push)) for push in pushed if (version := newest[push.id]) is not None]
        return [model for _, _, model in sorted(found)]

    def _is_accepted(self, blessing: Artifact) -> bool:
        classes = json.loads(blessing.get_string_custom_property(CLASSES) or "null")
        image = json.loads(blessing.get_string_custom_property(IMAGE) or "null")
        return is_blessed(blessing) and bool(classes == self._classes and image == self._image)


def pushed_last(pushes: Sequence[int], models: Collection[int]) -> int | None:
    """Return the last of the pushed models that is among `models`.

    By push and not by the age of the model: a model that was trained early and pushed again is what is served.
    """
    return next((model for model in reversed(pushes) if model in models), None)


def newest_version_of(pushed: int, known: Sequence[Version]) -> int | None:
    """Return the newest version with the files of a pushed one: itself or one that repeats it.

    None when all of them were taken back or wait. A version whose files were pruned, or whose folder somebody has cleared,
    was served and still counts.
    """
    ours = {version.number: version for version in known if pushed in (version.number, version.manifest.get("repeats"))}
    standing = [number for number, version in ours.items() if version.state not in NOT_SERVED]
    return max(standing, default=None if ours else pushed)


def _model_id(artifact: Artifact) -> int:
    identity: int = artifact.get_int_custom_property(ARTIFACT_PROPERTY_CURRENT_MODEL_ID_KEY)
    return identity
