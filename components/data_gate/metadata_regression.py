"""A logistic regression from slice columns and image size to the label, each patient predicted from the others."""

from collections.abc import Mapping, Sequence

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
from sklearn.multiclass import OneVsRestClassifier
from sklearn.preprocessing import OneHotEncoder

from components.data_gate.example_metadata import Metadata
from components.data_gate.resampled_auc import macro_area
from components.data_gate.shortcut import SIZE, TOGETHER, Shortcut

FOLDS = 5
_DECILES = np.arange(0.1, 1.0, 0.1)
_SEED = 20

Folds = list[tuple[np.ndarray, np.ndarray]]


def measure(metadata: Metadata, classes: Sequence[str]) -> Shortcut:
    """Return the areas that metadata reach on patients whom the regression did not see; the order of images has no effect.

    Args:
        metadata: of all images.
        classes: the configured classes.
    """
    ordered = _in_order(metadata)
    position = {name: number for number, name in enumerate(classes)}
    labels = np.array([position.get(label, -1) for label in ordered.labels.tolist()], np.int64)
    names, patients = np.unique(ordered.patients, return_inverse=True)
    size = (len(labels), len(names))
    few = _too_few(labels, patients, classes)
    told = {} if few else {name: codes for name, codes in codes_by_subject(ordered).items() if (codes != codes[:1]).any()}
    if not told:
        return Shortcut(*size, not_judged=few or "no slice column and no image size has more than one value")
    folds = list(StratifiedGroupKFold(FOLDS, shuffle=True, random_state=_SEED).split(labels, labels, patients))
    if not every_class_is_learned(labels, folds, len(classes)):
        return Shortcut(*size, not_judged="every parting of the patients leaves a class out")
    scored_in = _scored_in(folds, len(labels))
    together, *columns = (
        macro_area(name, labels, _scores(codes, labels, folds), patients=patients, folds=scored_in)
        for name, codes in {TOGETHER: np.hstack(list(told.values())), **told}.items()
    )
    return Shortcut(*size, together=together, columns=tuple(sorted(columns, key=lambda area: -area.auc)))


def codes_by_subject(metadata: Metadata) -> Mapping[str, np.ndarray]:
    """Return subject -> int64 [images, columns]: the values' numbers of a slice column; width, height and aspect by tenths.

    Tenths let a size count that only one device makes, whether it is a large or a small one.
    """
    slices = {name: np.unique(values, return_inverse=True)[1][:, np.newaxis] for name, values in metadata.slices.items()}
    sides = (metadata.width, metadata.height, metadata.width / metadata.height)
    return {**slices, SIZE: np.stack([_tenths(values) for values in sides], axis=1)}


def _tenths(values: np.ndarray) -> np.ndarray:
    limits = np.unique(np.quantile(values, _DECILES, method="inverted_cdf"))  # values that occur
    return np.searchsorted(limits, values)


def _in_order(metadata: Metadata) -> Metadata:
    """Return the images in an order that follows from what they are: sums of floats depend on it in their last digits."""
    keys = (metadata.height, metadata.width, *metadata.slices.values(), metadata.labels, metadata.patients)
    order = np.lexsort(keys)
    slices = {name: values[order] for name, values in metadata.slices.items()}
    first, last = (metadata.labels[order], metadata.patients[order]), (metadata.width[order], metadata.height[order])
    return Metadata(*first, slices, *last)


def _too_few(labels: np.ndarray, patients: np.ndarray, classes: Sequence[str]) -> str:
    """Return why these labels can't be judged, such as a class of fewer patients than there are folds; empty: they can."""
    if (labels < 0).any():
        return "some labels are not in data.classes"
    counts = {name: len(np.unique(patients[labels == number])) for number, name in enumerate(classes)}
    few = ", ".join(f"class {name} has {count} patients" for name, count in counts.items() if count < FOLDS)
    return f"{few}; {FOLDS} or more of each class are needed" if few else ""


def every_class_is_learned(labels: np.ndarray, folds: Folds, classes: int) -> bool:
    """Tell whether every regression sees all classes: images that are spread very unevenly over patients may prevent it."""
    return all(len(np.unique(labels[train])) == classes for train, _ in folds)


def _scores(codes: np.ndarray, labels: np.ndarray, folds: Folds) -> np.ndarray:
    """Return each image's probabilities by the regressions that did not see its patient, float64 [images, classes].

    One class against the rest, as the area is; balanced, so that rare classes count as much.
    """
    regression = OneVsRestClassifier(LogisticRegression(class_weight="balanced", solver="liblinear"))
    known = OneHotEncoder().fit_transform(codes)
    scores: np.ndarray = cross_val_predict(regression, known, labels, cv=folds, method="predict_proba")
    return scores


def _scored_in(folds: Folds, images: int) -> np.ndarray:
    """Return the number of the fold that scores each image, int64 [images]."""
    numbers = np.zeros(images, np.int64)
    for number, (_, scored) in enumerate(folds):
        numbers[scored] = number
    return numbers
