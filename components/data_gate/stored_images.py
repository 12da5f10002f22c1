"""The pixels of single examples, read by their row."""

from collections.abc import Mapping, Sequence, Set
from itertools import chain
from pathlib import Path

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from tfx.types import Artifact, artifact_utils

from components.data_gate.likeness import grey_values
from models import records
from models.features import IMAGE, ROW

READ_AT_ONCE = 256


class StoredImages:
    """The images of an example set."""

    def __init__(self, examples: Sequence[Artifact]) -> None:
        """Read from ImageExampleGen's examples."""
        self._examples = examples

    def grey(self, rows: Mapping[str, Set[int]]) -> dict[int, npt.NDArray[np.uint8]]:
        """Return row -> grey values, uint8 [pixels], of the rows that are asked for by split."""
        found: dict[int, npt.NDArray[np.uint8]] = {}
        for split in (split for split, wanted in rows.items() if wanted):
            (folder,) = artifact_utils.get_split_uris(self._examples, split)
            for record in chain.from_iterable(records.index(Path(folder)).batches(READ_AT_ONCE)):
                feature = tf.train.Example.FromString(record).features.feature
                row = feature[ROW].int64_list.value[0]
                if row in rows[split]:
                    found[row] = grey_values(feature[IMAGE].bytes_list.value[0])
        return found
