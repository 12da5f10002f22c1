"""Which patients a model judges rightly."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from components.predictions.table import probabilities
from models.features import LABEL, PATIENT_KEY
from pipeline.config import ClinicalRule


def right_patients(table: pa.Table, rule: ClinicalRule, classes: Sequence[str]) -> tuple[int, int]:
    """Return how many patients are judged rightly, and of how many.

    Sensitivity counts the patients with images of the class, specificity those with images of other classes; a patient is
    judged by the mean probabilities over those images, and rightly if the most probable class is the rule's (sensitivity)
    or another one (specificity).
    """
    about = classes.index(rule.label)
    labels = table.column(LABEL).to_numpy(zero_copy_only=False)
    wanted = labels == rule.label if rule.measure == "sensitivity" else labels != rule.label
    patients = table.column(PATIENT_KEY).to_numpy(zero_copy_only=False)[wanted]
    means = _mean_by_patient(patients, probabilities(table)[wanted])
    found = means.argmax(axis=1) == about
    right = np.isfinite(means).all(axis=1) & (found if rule.measure == "sensitivity" else ~found)
    return int(right.sum()), len(right)


def _mean_by_patient(patients: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """Return the mean over each patient's images, float64 [patients, classes].

    Args:
        patients: object [images], the patients' keys.
        shares: float32 [images, classes].
    """
    keys, of_image = np.unique(patients.astype(str), return_inverse=True)
    sums = np.zeros((len(keys), shares.shape[1]), np.float64)
    np.add.at(sums, of_image, shares)
    images: np.ndarray = np.bincount(of_image, minlength=len(keys))
    return sums / images[:, np.newaxis]
