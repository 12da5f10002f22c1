"""Compares what the served export answered with what it should: pure functions from arrays to findings."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from components.blessing import Finding

BATCH_TOLERANCE = {"float32": 1e-6, "bfloat16": 2e-3}  # between batch sizes kernels add in another order
SUM_TOLERANCE = 1e-4  # of a row of float32 probabilities from 1
ADVICE = "The export does not serve what was evaluated; do not push it."

Probabilities = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Expected:
    """What this process computes for the golden requests.

    Args:
        forms: of the requests, in order.
        pixels: uint8 [requests, size, size, channels].
        probabilities: float32 [requests, classes], in the batches that the server is asked in.
        precision: 'float32' or 'bfloat16'.
        same_build: whether the server runs the TensorFlow of this process, whose kernels then add in the same order.
    """

    forms: Sequence[str]
    pixels: npt.NDArray[np.uint8]
    probabilities: Probabilities
    precision: str
    same_build: bool = True


def compare(answers: dict[str, np.ndarray], expected: Expected) -> list[Finding]:
    """Return a finding per rule; those that refuse are deviations."""
    served = answers["probabilities"]
    tolerance = BATCH_TOLERANCE[expected.precision]
    same_batch = 0.0 if expected.same_build else tolerance
    return [
        compare_pixels(answers["pixels"], expected),
        check_distribution(served),
        check_names(answers["classes"], answers["decision"], served),
        compare_probabilities("predict_image, same batch", served, expected.probabilities, same_batch),
        compare_probabilities("predict_image, one image a batch", answers["alone"], served, tolerance),
        compare_probabilities("serving_default against predict_image", answers["from_examples"], served, 0.0),
        compare_probabilities("explain_image against predict_image", answers["explained"], answers["alone"][:1], tolerance),
        check_heat_map(answers["heat_map"], expected.pixels),
    ]


def compare_pixels(served: npt.NDArray[np.uint8], expected: Expected) -> Finding:
    """Require byte-equal canonical pixels."""
    same_shape = served.shape == expected.pixels.shape
    different = [
        form
        for form, ours, theirs in zip(expected.forms, expected.pixels, served, strict=False)
        if not same_shape or not np.array_equal(ours, theirs)
    ]
    found = f"{len(expected.forms) - len(different)} of {len(expected.forms)} equal"
    if different:
        found += f"; different: {', '.join(sorted(set(different)))}"
    return _finding("infra.canonical_pixels", "canonical_image", "byte-equal pixels", found, refuses=bool(different))


def compare_probabilities(subject: str, served: Probabilities, reference: Probabilities, tolerance: float) -> Finding:
    """Require probabilities within an absolute tolerance; 0 means equal."""
    expected = f"within {tolerance:g}" if tolerance else "equal"
    if served.shape != reference.shape:
        found = f"shape {list(served.shape)} against {list(reference.shape)}"
        return _finding("infra.probabilities", subject, expected, found, refuses=True)
    difference = float(np.max(np.abs(served.astype(np.float64) - reference), initial=0.0))
    # Written so that a NaN refuses.
    return _finding(
        "infra.probabilities", subject, expected, f"largest difference {difference:.3g}", refuses=not difference <= tolerance
    )


def check_distribution(served: Probabilities) -> Finding:
    """Require rows of finite probabilities that sum to 1."""
    off = float(np.max(np.abs(served.sum(axis=1, dtype=np.float64) - 1.0), initial=0.0))
    good = bool(np.all(served >= 0.0)) and off <= SUM_TOLERANCE
    expected = f"not negative, rows sum to 1 within {SUM_TOLERANCE:g}"
    return _finding("infra.distribution", "probabilities", expected, f"furthest sum off by {off:.3g}", refuses=not good)


def check_names(classes: npt.NDArray[np.str_], decision: npt.NDArray[np.str_], served: Probabilities) -> Finding:
    """Require that each decision is the name of the most probable class."""
    rows = np.arange(len(served))
    right = int(np.sum(classes[rows, served.argmax(axis=1)] == decision)) if classes.shape == served.shape else 0
    found = f"{right} of {len(served)} decisions agree"
    return _finding("infra.decision", "decision", "the most probable class's name", found, refuses=right != len(served))


def check_heat_map(heat: npt.NDArray[np.float32], pixels: npt.NDArray[np.uint8]) -> Finding:
    """Require a map of numbers from 0 to 1 over the whole canonical image."""
    shape = (1, *pixels.shape[1:3])
    good = heat.shape == shape and bool(np.all((heat >= 0.0) & (heat <= 1.0 + SUM_TOLERANCE)))
    low, high = (heat.min(), heat.max()) if heat.size else (0.0, 0.0)
    found = f"shape {list(heat.shape)}, {low:.3g} to {high:.3g}"
    return _finding("infra.heat_map", "explain_image", f"shape {list(shape)}, 0 to 1", found, refuses=not good)


def _finding(rule: str, subject: str, expected: str, found: str, *, refuses: bool) -> Finding:
    return Finding(rule, subject, expected, found, refuses=refuses, advice=ADVICE if refuses else "")
