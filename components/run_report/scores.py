"""The table of predictions as arrays."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pyarrow as pa

from components.predictions.table import MODEL, SPLIT, probabilities, read_table
from models.features import IMAGE_KEY, LABEL, PATIENT_KEY, ROW


@dataclass(frozen=True)
class Scores:
    """Predictions of one model on one split; a line per image.

    Args:
        table: lines of predictions.parquet.
        classes: names of the classes in the order of the probabilities.
    """

    table: pa.Table
    classes: tuple[str, ...]

    @cached_property
    def labels(self) -> np.ndarray:
        """Position of each image's label in the classes, int64 [images]."""
        position = {name: index for index, name in enumerate(self.classes)}
        return np.array([position[label] for label in self.table[LABEL].to_pylist()], np.int64)

    @cached_property
    def probabilities(self) -> np.ndarray:
        """Probability of each class, float64 [images, classes]; rows sum to 1, which float32 misses by up to 1e-6.

        A row that holds NaN or an infinity, or nothing above 0, is NaN.
        """
        wide = probabilities(self.table).astype(np.float64)
        wide = np.where(np.isfinite(wide).all(axis=1, keepdims=True), wide, np.nan)
        totals = wide.sum(axis=1, keepdims=True)
        rescaled: np.ndarray = wide / np.where(totals > 0, totals, np.nan)
        return rescaled

    @cached_property
    def decisions(self) -> np.ndarray:
        """Most probable class of each image, int64 [images]."""
        decisions: np.ndarray = self.probabilities.argmax(axis=1)
        return decisions

    @cached_property
    def rows(self) -> np.ndarray:
        """Manifest row of each image, int64 [images]."""
        return self.texts(ROW).astype(np.int64)

    @property
    def image_keys(self) -> np.ndarray:
        """Keyed hash of each image, str [images]."""
        return self.texts(IMAGE_KEY)

    @cached_property
    def patients(self) -> np.ndarray:
        """Keyed hash of each image's patient, str [images]."""
        return self.texts(PATIENT_KEY)

    @property
    def patient_count(self) -> int:
        """Number of different patients."""
        return len(np.unique(self.patients))

    def texts(self, column: str) -> np.ndarray:
        """Return a column as str [images]."""
        return np.array(self.table[column].to_pylist(), str)

    def where(self, mask: np.ndarray) -> "Scores":
        """Return the images for which the mask, bool [images], is true."""
        return Scores(self.table.filter(pa.array(mask)), self.classes)


def read_scores(folder: Path, classes: Sequence[str]) -> dict[tuple[str, str], Scores]:
    """Return the scores by (model, split), such as ('candidate', 'test'), images ordered by row."""
    whole = Scores(read_table(folder).sort_by(ROW), tuple(classes))
    models, splits = whole.texts(MODEL), whole.texts(SPLIT)
    kinds = sorted({*zip(models.tolist(), splits.tolist(), strict=True)})
    return {(model, split): whole.where((models == model) & (splits == split)) for model, split in kinds}
