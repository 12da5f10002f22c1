"""What the examples say beside their pixels: labels, patients, slice columns and the size of the source image."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from models.features import HEIGHT, LABEL, PATIENT_KEY, WIDTH
from models.records import Records

_BATCH = 256  # examples


@dataclass(frozen=True)
class Metadata:
    """Columns of some images, without pixels.

    Args:
        labels: class names, str [images].
        patients: keyed hashes, str [images].
        slices: slice column -> its values, str [images].
        width: of the source in pixels, int64 [images].
        height: of the source in pixels, int64 [images].
    """

    labels: np.ndarray
    patients: np.ndarray
    slices: Mapping[str, np.ndarray]
    width: np.ndarray
    height: np.ndarray


def read_metadata(splits: Iterable[Records], slices: Sequence[str]) -> Metadata:
    """Return the columns of the examples of some splits.

    Raises:
        tf.errors.InvalidArgumentError: an example lacks one of the columns, or holds it in another type.
    """
    texts = dict.fromkeys((LABEL, PATIENT_KEY, *slices), tf.io.FixedLenFeature([], tf.string))
    wanted = texts | dict.fromkeys((WIDTH, HEIGHT), tf.io.FixedLenFeature([], tf.int64))
    serialised = (tf.constant(batch) for examples in splits for batch in examples.batches(_BATCH))
    batches = [tf.io.parse_example(batch, wanted) for batch in serialised]

    def column(name: str) -> np.ndarray:
        values = [value for batch in batches for value in batch[name].numpy().tolist()]
        return np.array([value.decode(errors="replace") for value in values] if name in texts else values)

    return Metadata(column(LABEL), column(PATIENT_KEY), {name: column(name) for name in slices}, column(WIDTH), column(HEIGHT))
