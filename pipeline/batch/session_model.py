"""A pushed version in a TF1 session of this process, asked as a server would be: the same signature, the same bytes."""

from collections.abc import Sequence

import grpc
import numpy as np

from components.image_example_gen.image_reader import why_undecodable
from models.model_facts import read_facts
from pipeline.batch.chosen_version import ChosenVersion
from pipeline.errors import ConfigError
from pipeline.reasons import failure
from serving.client import ClientError, Failure, Outcome, Source
from serving.client.batches import Sent
from serving.client.client import INPUT, SIGNATURE
from serving.client.errors import RefusedError
from serving.client.outcome import OUTPUTS, predictions_from
from serving.saved_model import SavedModel
from serving.serving_error import ServingError


class SessionModel:
    """Answers about batches of image files; for any number of threads."""

    def __init__(self, version: ChosenVersion) -> None:
        """Load a version.

        Raises:
            ConfigError: when it is no export of medtfx, or one from before exports said how files become pixels.
            ServingError: when it does not load.
        """
        try:
            facts = read_facts(version.folder)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ConfigError(
                f"version {version.number} does not say how files become pixels; train and push it again"
            ) from error
        self.rendering, self.max_pixels = facts.rendering, facts.canonical.max_pixels
        self._known_as = version.name, version.number
        self._model = SavedModel(version.folder)
        definition = self._model.signatures.get(SIGNATURE)
        if definition is None or [*definition.inputs] != [INPUT] or {*OUTPUTS} - {*definition.outputs}:
            raise ClientError(f"version {version.number} has no signature {SIGNATURE} as medtfx exports it")

    def ask(self, images: Sequence[Sent]) -> Sequence[Outcome]:
        """Return what becomes of a batch of PNG and JPEG files.

        Raises:
            RefusedError: when one of several images stops the whole batch.
            ClientError: when the model does not answer as an export does.
        """
        encoded = np.array([content for _, content in images], object)
        try:
            arrays = self._model.run(SIGNATURE, {INPUT: encoded}, OUTPUTS)
        except ServingError as error:
            if len(images) == 1 and error.code is grpc.StatusCode.INVALID_ARGUMENT:
                return [self._undecodable(*images[0])]
            raise RefusedError(error.code, str(error)) from error
        outputs = dict(zip(OUTPUTS, arrays, strict=True))
        return predictions_from(outputs, [source for source, _ in images], model=self._known_as)

    def close(self) -> None:
        """Free what the session holds."""
        self._model.close()

    def _undecodable(self, source: Source, encoded: bytes) -> Failure:
        """Return the reason why a file that begins as a PNG or JPEG file is none."""
        error = failure(why_undecodable(encoded, self.max_pixels))
        return Failure(source.name, error.reason, str(error))
