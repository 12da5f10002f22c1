"""What becomes of an image: a prediction, or the reason why there is none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from serving.client.errors import ClientError
from serving.client.source import Source
from serving.client.tensors import to_array

OUTPUTS = PROBABILITIES, CLASSES, DECISION = "probabilities", "classes", "decision"


@dataclass(frozen=True, eq=False)
class Prediction:
    """What a model says about an image.

    Args:
        source: the image's name.
        classes: names of the classes.
        probabilities: float32 [classes], in that order.
        decision: the class that the model decides on, at its own operating point.
        model: name of the model.
        version: that answered.
    """

    source: str
    classes: tuple[str, ...]
    probabilities: np.ndarray
    decision: str
    model: str
    version: int

    @property
    def probability(self) -> float:
        """The probability of the decision."""
        return float(self.probabilities[self.classes.index(self.decision)])


@dataclass(frozen=True)
class Failure:
    """Why an image has no prediction.

    Args:
        source: the image's name.
        reason: a code to count by: one of pipeline/reasons.py, or the name of a gRPC status in lower case.
        message: the same in words, without a value of the file's header.
    """

    source: str
    reason: str
    message: str


Outcome = Prediction | Failure


def predictions_of(response: Any, sources: Sequence[Source]) -> list[Prediction]:
    """Return the predictions of a PredictResponse for the images of its request.

    Raises:
        ClientError: when it is not what an export of medtfx answers.
    """
    outputs = {entry.key: to_array(entry.value) for entry in response.outputs if entry.key in OUTPUTS}
    return predictions_from(outputs, sources, model=(response.model_spec.name, response.model_spec.version.value))


def predictions_from(outputs: Mapping[str, np.ndarray], sources: Sequence[Source], *, model: tuple[str, int]) -> list[Prediction]:
    """Return the predictions in the outputs of a signature for a batch of images.

    Args:
        outputs: by name; probabilities float32 [batch, classes], classes object of bytes [batch, classes], decision [batch].
        sources: the images.
        model: name and version.

    Raises:
        ClientError: when it is not what an export of medtfx answers.
    """
    absent = sorted({*OUTPUTS} - set(outputs))
    if absent:
        raise ClientError(f"the model's answer has no {', '.join(absent)}; expected a model that medtfx exported")
    probabilities, classes, decisions = (outputs[name] for name in OUTPUTS)
    shape = (len(sources), classes.shape[-1] if classes.ndim else 0)
    if (probabilities.shape, classes.shape, decisions.shape) != (shape, shape, shape[:1]):
        raise ClientError(f"the model's outputs do not fit {len(sources)} images and one another")
    rows = zip(sources, classes, probabilities, decisions, strict=True)
    return [_prediction(source, tuple(map(text, names)), (row, text(decision)), model) for source, names, row, decision in rows]


def _prediction(source: Source, classes: tuple[str, ...], answer: tuple[np.ndarray, str], model: tuple[str, int]) -> Prediction:
    probabilities, decision = answer
    if decision not in classes:
        raise ClientError(f"the model decides {decision!r}; expected one of its classes {', '.join(classes)}")
    return Prediction(source.name, classes, probabilities, decision, *model)


def text(value: bytes) -> str:
    """Return a name that the model sends; what is no UTF-8 shows as such."""
    return value.decode("utf-8", errors="replace")
