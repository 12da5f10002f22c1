"""The area under the ROC curve with an interval: patients, not images, are drawn again (bootstrap by cluster)."""

from dataclasses import dataclass

import numpy as np

RESAMPLES = 1000
CONFIDENCE = 0.95
_SEED = 20
_AT_ONCE = 100  # resamples; bounds the memory to 100 x images numbers


@dataclass(frozen=True)
class Area:
    """An area under the ROC curve with its 95 % interval.

    Args:
        subject: what the scores rest on.
        auc: mean over the classes, each against the rest; 0.5 is chance.
        lower: lower end of the interval.
        upper: upper end of the interval.
    """

    subject: str
    auc: float
    lower: float
    upper: float

    @property
    def text(self) -> str:
        """Figure and interval in words."""
        return f"AUC {self.auc:.3f} ({self.lower:.3f} to {self.upper:.3f})"


def macro_area(subject: str, labels: np.ndarray, scores: np.ndarray, *, patients: np.ndarray, folds: np.ndarray) -> Area:
    """Return the mean of the classes' areas, with the percentiles of as many draws of patients with replacement.

    Two images are compared only if one regression scored both. Across folds an accident of a fold turns against itself: the
    patients that are left out are missed in the training of their own score, and columns that tell nothing come out below 0.5.

    Args:
        subject: what the scores rest on.
        labels: position of each image's class, int [images].
        scores: of each class, float [images, classes].
        patients: number of each image's patient, int [images], 0 to patients - 1.
        folds: number of the fold in which each image was scored, int [images].
    """
    whole = float(_areas(labels, scores, folds, np.ones((len(labels), 1)))[0])
    random = np.random.default_rng(_SEED)
    count = int(patients.max()) + 1
    drawn = []
    for _ in range(RESAMPLES // _AT_ONCE):
        times = random.multinomial(count, np.full(count, 1 / count), size=_AT_ONCE).T.astype(np.float64)
        drawn.append(_areas(labels, scores, folds, times[patients]))
    tail = (1 - CONFIDENCE) / 2
    # A draw that misses a class has no area: it tells nothing.
    lower, upper = np.nanquantile(np.concatenate(drawn), (tail, 1 - tail))
    return Area(subject, round(whole, 4), round(float(lower), 4), round(float(upper), 4))


def _areas(labels: np.ndarray, scores: np.ndarray, folds: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the mean area over the classes for each column of weights, float [images, draws]; NaN where a class is missing."""
    parts = [np.flatnonzero(folds == fold) for fold in np.unique(folds)]
    found = []
    for label in range(scores.shape[1]):
        counted = [_won_and_pairs(labels[part] == label, scores[part, label], weights[part]) for part in parts]
        won, pairs = np.sum(counted, axis=0)
        found.append(np.divide(won, pairs, out=np.full(len(pairs), np.nan), where=pairs > 0))
    mean: np.ndarray = np.mean(found, axis=0)
    return mean


def _won_and_pairs(positive: np.ndarray, scores: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return how many pairs of an image of the class and another it wins, ties counted half, and how many there are.

    Their ratio is the area (Mann-Whitney). Each is float [draws], for weights float [images, draws].
    """
    order = np.argsort(scores, kind="stable")
    ranked = scores[order]
    starts = np.flatnonzero(np.concatenate([[True], ranked[1:] != ranked[:-1]]))  # of the runs of equal scores
    ordered, positive = weights[order], positive[order, np.newaxis]
    above = np.add.reduceat(ordered * positive, starts, axis=0)
    below = np.add.reduceat(ordered * ~positive, starts, axis=0)
    won = (above * (np.cumsum(below, axis=0) - below / 2)).sum(axis=0)
    return won, above.sum(axis=0) * below.sum(axis=0)
