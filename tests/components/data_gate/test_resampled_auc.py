import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from components.data_gate.resampled_auc import Area, macro_area


def random_scores(images: int = 120) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return labels of three classes, scores with many ties, and patients of about four images."""
    random = np.random.default_rng(5)
    return random.integers(3, size=images), random.integers(6, size=(images, 3)) / 6, random.integers(images // 4, size=images)


def test_area_in_one_fold_is_scikit_learns() -> None:
    labels, scores, patients = random_scores()
    area = macro_area("any", labels, scores, patients=patients, folds=np.zeros_like(labels))
    expected = np.mean([roc_auc_score(labels == label, scores[:, label]) for label in range(3)])
    assert area.auc == pytest.approx(expected, abs=1e-4)
    assert area.lower < area.auc < area.upper


def test_images_of_different_folds_are_not_compared() -> None:
    labels, scores, patients = random_scores()
    folds = patients % 2
    shifted = scores + 10 * folds[:, np.newaxis]
    assert macro_area("any", labels, shifted, patients=patients, folds=folds) == macro_area(
        "any", labels, scores, patients=patients, folds=folds
    )


def test_many_images_of_few_patients_widen_the_interval() -> None:
    labels, scores, _ = random_scores(240)
    many = macro_area("any", labels, scores, patients=np.arange(240), folds=np.zeros(240, int))
    labels, scores = np.repeat(labels[:24], 10), np.repeat(scores[:24], 10, axis=0)
    few = macro_area("any", labels, scores, patients=np.repeat(np.arange(24), 10), folds=np.zeros(240, int))
    assert few.upper - few.lower > 2 * (many.upper - many.lower)


def test_draws_without_a_class_are_left_out() -> None:
    labels = np.array([0] * 20 + [1])
    area = macro_area("any", labels, np.eye(2)[labels], patients=np.arange(21), folds=np.zeros(21, int))
    assert (area.auc, area.lower, area.upper) == (1.0, 1.0, 1.0)


def test_area_is_said_with_its_interval() -> None:
    assert Area("site", 0.75, 0.7, 0.8).text == "AUC 0.750 (0.700 to 0.800)"
