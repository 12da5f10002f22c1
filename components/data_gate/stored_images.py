"""The pixels of single examples, read by their row."""

from collections.abc import Mapping, Sequence, Set

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from tfx.types import Artifact

from components.data_gate.likeness import grey_values
from components.predictions.example_files import example_files, records
from models.features import IMAGE, ROW


class StoredImages:
    """The images of an example set."""

    def __init__(self, examples: Sequence[Artifact]) -> None:
        """Read from ImageExampleGen's examples."""
        self._examples = examples

    def grey(self, rows: Mapping[str, Set[int]]) -> dict[int, npt.NDArray[np.uint8]]:
        """Return row -> grey values, uint8 [pixels], of the rows that are asked for by split."""
        found: dict[int, npt.NDArray[np.uint8]] = {}
        for split in (split for split, wanted in rows.items() if wanted):
            for record in records(example_files(self._examples, split)).as_numpy_iterator():
                feature = tf.train.Example.FromString(record).features.feature
                row = feature[ROW].int64_list.value[0]
                if row in rows[split]:
                    found[row] = grey_values(feature[IMAGE].bytes_list.value[0])
        return found
