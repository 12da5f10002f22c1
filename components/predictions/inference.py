"""Runs an export over examples."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import tensorflow as tf

from components.predictions.table import MODEL, SPLIT, probability_columns, schema
from models.features import IMAGE, IMAGE_KEY, LABEL, PATIENT_KEY, ROW
from models.records import Records

# Images. One size for every run, because probabilities differ by 1e-7 between batch sizes; 64 of 224 x 224 would need more memory
# than their training does.
BATCH = 16

Predict = Callable[[tf.Tensor], np.ndarray]


def load_predict(export: Path) -> Predict:
    """Return the function encoded images (string [batch]) -> probabilities (float32 [batch, classes]) of an export."""
    signature = tf.saved_model.load(str(export)).signatures["predict_image"]

    def predict(images: tf.Tensor) -> np.ndarray:
        probabilities: np.ndarray = signature(image=images)["probabilities"].numpy()
        return probabilities

    return predict


def predict_split(examples: Records, predict: Predict, *, split: str, model: str, slices: Sequence[str]) -> Iterator[pa.Table]:
    """Yield the predictions of a split's examples batch by batch, in their order."""
    texts = (IMAGE, IMAGE_KEY, PATIENT_KEY, LABEL, *slices)
    features = {name: tf.io.FixedLenFeature([], tf.string) for name in texts}
    features[ROW] = tf.io.FixedLenFeature([], tf.int64)
    for serialized in examples.batches(BATCH):
        batch = tf.io.parse_example(tf.constant(serialized), features)
        probabilities = predict(batch[IMAGE])
        known = {name: [value.decode() for value in batch[name].numpy()] for name in texts if name != IMAGE}
        same = {SPLIT: [split] * len(probabilities), MODEL: [model] * len(probabilities)}
        shares = dict(zip(probability_columns(probabilities.shape[1]), probabilities.T, strict=True))
        columns = {**known, **same, ROW: batch[ROW].numpy(), **shares}
        yield pa.table(columns, schema=schema(slices, probabilities.shape[1]))
