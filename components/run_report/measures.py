"""How good a model is: arithmetic on scores."""

from dataclasses import dataclass

import numpy as np
from sklearn.metrics import roc_auc_score

from components.clinical_gate.patients import right_patients
from components.clinical_gate.wilson import wilson_interval
from components.run_report.scores import Scores
from pipeline.config import ClinicalRule

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Rate:
    """Successes among trials with its Wilson interval."""

    successes: int
    trials: int
    confidence: float = CONFIDENCE

    @property
    def value(self) -> float | None:
        """The share, None without trials."""
        return self.successes / self.trials if self.trials else None

    @property
    def interval(self) -> tuple[float, float]:
        """Lower and upper Wilson limit; (0, 1) without trials."""
        return wilson_interval(self.successes, self.trials, self.confidence)


@dataclass(frozen=True)
class Measured:
    """What is shown about a set of images; the area is None where a class has no curve."""

    images: int
    patients: int
    auc: float | None
    accuracy: float
    balanced_accuracy: float  # mean recall over the classes that there are
    loss: float
    patients_right: Rate


def measure(scores: Scores) -> Measured:
    """Measure at least one image."""
    decisions = scores.decisions
    recalls = [(decisions[scores.labels == label] == label).mean() for label in np.unique(scores.labels)]
    return Measured(
        images=len(scores.labels),
        patients=scores.patient_count,
        auc=macro_auc(scores),
        accuracy=float((decisions == scores.labels).mean()),
        balanced_accuracy=float(np.mean(recalls)),
        loss=cross_entropy(scores),
        patients_right=patients_right(scores),
    )


def cross_entropy(scores: Scores) -> float:
    """Return the mean negative log-likelihood in nats; probabilities are clipped to 1e-7 as in Keras."""
    own = scores.probabilities[np.arange(len(scores.labels)), scores.labels]
    return float(-np.log(np.clip(own, 1e-7, 1 - 1e-7)).mean())


def class_auc(scores: Scores, label: int) -> float | None:
    """Return the area under the ROC curve of one class against the rest; None where has_curve says that there is none."""
    return float(roc_auc_score(scores.labels == label, scores.probabilities[:, label])) if has_curve(scores, label) else None


def has_curve(scores: Scores, label: int) -> bool:
    """Tell whether the class and the rest both have images, and every probability of the class is a finite number."""
    positive = scores.labels == label
    return bool(positive.any() and not positive.all() and np.isfinite(scores.probabilities[:, label]).all())


def macro_auc(scores: Scores) -> float | None:
    """Return the mean of the one-vs-rest areas; None when a class has none."""
    areas = [class_auc(scores, label) for label in range(len(scores.classes))]
    known = [area for area in areas if area is not None]
    return float(np.mean(known)) if len(known) == len(areas) else None


def sensitivity(scores: Scores, label: int, confidence: float = CONFIDENCE) -> Rate:
    """Return the share of patients with images of a class who are given that class over those images."""
    return patient_rate(
        scores, ClinicalRule(measure="sensitivity", label=scores.classes[label], at_least=0, confidence=confidence)
    )


def specificity(scores: Scores, label: int, confidence: float = CONFIDENCE) -> Rate:
    """Return the share of patients with images of other classes who are not given the class over those images."""
    return patient_rate(
        scores, ClinicalRule(measure="specificity", label=scores.classes[label], at_least=0, confidence=confidence)
    )


def patient_rate(scores: Scores, rule: ClinicalRule) -> Rate:
    """Return what a clinical rule is about, by ClinicalGate's own arithmetic."""
    return Rate(*right_patients(scores.table, rule, scores.classes), rule.confidence)


def patients_right(scores: Scores) -> Rate:
    """Return the share of patients who are given their class; a patient with images of two classes counts for each."""
    rates = [sensitivity(scores, label) for label in range(len(scores.classes))]
    return Rate(sum(rate.successes for rate in rates), sum(rate.trials for rate in rates))
