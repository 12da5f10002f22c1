"""The story of a training: history.json for the report, event files for TensorBoard."""

import json
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import tensorflow as tf

from models.fitting import Epoch

HISTORY_FILE = "history.json"
EVENTS_FOLDER = "tensorboard"
CURVES = ("loss", "accuracy")


def write_history(folder: Path, facts: Mapping[str, Any]) -> None:
    """Write history.json."""
    (folder / HISTORY_FILE).write_text(json.dumps(facts, indent=2), encoding="utf-8")


class EventWriter:
    """Writes each epoch for TensorBoard, a run for train and one for val, so that their curves share a chart."""

    def __init__(self, folder: Path) -> None:
        """Begin anew: a continued training writes its earlier epochs again."""
        events = folder / EVENTS_FOLDER
        if events.exists():
            tf.io.gfile.rmtree(str(events))
        self._train, self._val = (tf.summary.create_file_writer(str(events / split)) for split in ("train", "val"))

    def write(self, epoch: Epoch) -> None:
        """Write one epoch's losses and accuracies."""
        for writer, prefix in ((self._train, ""), (self._val, "val_")):
            with writer.as_default():
                for curve in CURVES:
                    _write_scalar(curve, getattr(epoch, prefix + curve), epoch.steps)
            writer.flush()

    def __enter__(self) -> "EventWriter":
        """Return itself."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Close the files."""
        self._train.close()
        self._val.close()


def _write_scalar(name: str, value: float, step: int) -> None:
    """Write what tf.summary.scalar would; that one needs TensorBoard installed."""
    plugin = tf.compat.v1.SummaryMetadata.PluginData(plugin_name="scalars")
    tf.summary.write(name, tf.constant(value), step=step, metadata=tf.compat.v1.SummaryMetadata(plugin_data=plugin))
