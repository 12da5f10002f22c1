"""The table of predictions: a line per image and model.

Columns: image_key, patient_key, row, split, label, the slice columns, model ("candidate" or "baseline") and p_0, p_1, ...
(float32), the probability of each configured class.
"""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from models.features import IMAGE_KEY, LABEL, PATIENT_KEY, ROW

PREDICTIONS_FILE = "predictions.parquet"
SPLIT = "split"
MODEL = "model"
CANDIDATE = "candidate"
BASELINE = "baseline"


def probability_columns(classes: int) -> list[str]:
    """Return the names of the probability columns in the order of the classes."""
    return [f"p_{class_id}" for class_id in range(classes)]


def schema(slices: Sequence[str], classes: int) -> pa.Schema:
    """Return the columns of a table with these slice columns and this many classes."""
    texts = [(name, pa.string()) for name in (SPLIT, LABEL, *slices, MODEL)]
    keys = [(IMAGE_KEY, pa.string()), (PATIENT_KEY, pa.string()), (ROW, pa.int64())]
    return pa.schema([*keys, *texts, *((name, pa.float32()) for name in probability_columns(classes))])


def write_table(folder: Path, table: pa.Table) -> None:
    """Write the table into an artifact's folder."""
    pq.write_table(table, folder / PREDICTIONS_FILE)


def read_table(folder: Path, *, split: str | None = None, model: str | None = None) -> pa.Table:
    """Return the table of an artifact's folder, or the lines of one split or model."""
    wanted = [(column, "=", value) for column, value in ((SPLIT, split), (MODEL, model)) if value is not None]
    return pq.read_table(folder / PREDICTIONS_FILE, filters=wanted or None)


def probabilities(table: pa.Table) -> np.ndarray:
    """Return float32 [lines, classes]."""
    names = [name for name in table.column_names if name.startswith("p_") and name[2:].isdecimal()]
    columns = [table.column(name).to_numpy() for name in probability_columns(len(names))]
    return np.stack(columns, axis=1) if columns else np.zeros((len(table), 0), np.float32)
