"""Small training inputs, made as the pipeline makes them: example records, a transform graph and Trainer's arguments."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import apache_beam as beam
import numpy as np
import numpy.typing as npt
import tensorflow as tf
import tensorflow_transform.beam as tft_beam
from tensorflow_transform.beam.tft_beam_io import beam_metadata_io
from tensorflow_transform.tf_metadata import dataset_metadata, schema_utils

from models import features
from models.canonical_image import encode_png
from models.preprocessing import preprocessing_fn
from pipeline.beam_arguments import IN_PROCESS
from pipeline.beam_job import EndedWithNode
from pipeline.beam_memo import remembered

SIZE = 24
CLASSES = ("left", "right", "none")
COUNTS = {"train": 60, "val": 20, "test": 20}
RECORDS_PER_FILE = 32
RAW = {
    features.LABEL: tf.io.FixedLenFeature([], tf.string),
    features.MEAN: tf.io.FixedLenFeature([], tf.float32),
    features.STANDARD_DEVIATION: tf.io.FixedLenFeature([], tf.float32),
}


@dataclass(frozen=True)
class TrainingInputs:
    """Where everything lies, and the pixels that went in."""

    examples: Path
    transform_graph: Path
    pixels: dict[str, npt.NDArray[np.uint8]]
    labels: dict[str, list[str]]

    def split(self, name: str) -> Path:
        return self.examples / f"Split-{name}"

    def fn_args(self, outputs: Path, **training: Any) -> SimpleNamespace:
        """Return what Trainer's executor gives to run_fn, as far as run_fn reads it."""
        return SimpleNamespace(
            train_files=[str(self.split("train") / "*")],
            eval_files=[str(self.split("val") / "*")],
            transform_output=str(self.transform_graph),
            serving_model_dir=str(outputs / "model" / "Format-Serving"),
            model_run_dir=str(outputs / "model_run"),
            custom_config=custom_config(outputs.parent / "work", **training),
        )


def custom_config(work_dir: Path, **training: Any) -> dict[str, Any]:
    quick = {"model": "compact_resnet", "steps": 12, "steps_per_epoch": 4, "batch_size": 8, "cache_mb": 1}
    image = {"size": SIZE, "channels": 1, "rendering": {"frames": "maximum"}}
    return {"training": quick | training, "image": image, "classes": list(CLASSES), "work_dir": str(work_dir)}


def make(folder: Path, counts: dict[str, int] = COUNTS) -> TrainingInputs:
    """Write examples and the transform graph below a folder."""
    random = np.random.default_rng(5)
    pixels, labels, serialized = {}, {}, {}
    for split, count in counts.items():
        labels[split] = [CLASSES[number % len(CLASSES)] for number in range(count)]
        pixels[split] = np.stack([draw(label, random) for label in labels[split]])
        serialized[split] = [serialize(*both) for both in zip(pixels[split], labels[split], strict=True)]
        write_records(folder / "examples" / f"Split-{split}", serialized[split])
    analyse(serialized["train"], folder / "transform_graph")
    return TrainingInputs(folder / "examples", folder / "transform_graph", pixels, labels)


def draw(label: str, random: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Draw noise with a bright square on one side, or with none."""
    image = random.normal(90, 15, (SIZE, SIZE, 1))
    left = {"left": 3, "right": 14}.get(label)
    if left is not None:
        image[8:16, left : left + 7] += 90
    return image.clip(0, 255).astype(np.uint8)


def serialize(pixels: npt.NDArray[np.uint8], label: str) -> bytes:
    def of_bytes(value: bytes) -> tf.train.Feature:
        return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))

    def of_float(value: float) -> tf.train.Feature:
        return tf.train.Feature(float_list=tf.train.FloatList(value=[value]))

    feature = {
        features.IMAGE: of_bytes(encode_png(tf.constant(pixels)).numpy()),
        features.LABEL: of_bytes(label.encode()),
        features.MEAN: of_float(float(pixels.mean() / 255)),
        features.STANDARD_DEVIATION: of_float(float(pixels.std() / 255)),
    }
    content: bytes = tf.train.Example(features=tf.train.Features(feature=feature)).SerializeToString()
    return content


def write_records(folder: Path, serialized: Sequence[bytes]) -> None:
    folder.mkdir(parents=True)
    starts = range(0, len(serialized), RECORDS_PER_FILE) or range(1)
    for number, start in enumerate(starts):
        with tf.io.TFRecordWriter(str(folder / f"data_tfrecord-{number:05d}-of-{len(starts):05d}")) as writer:
            for content in serialized[start : start + RECORDS_PER_FILE]:
                writer.write(content)


def analyse(serialized: Sequence[bytes], folder: Path) -> None:
    """Write the transform graph as TFX's Transform does."""
    specification = RAW | {features.IMAGE: tf.io.FixedLenFeature([], tf.string)}
    rows = [{name: value.numpy() for name, value in tf.io.parse_single_example(one, specification).items()} for one in serialized]
    metadata = dataset_metadata.DatasetMetadata(schema_utils.schema_from_feature_spec(specification))
    place = str(folder.parent / "temporary")
    with remembered(), EndedWithNode(IN_PROCESS) as pipeline, tft_beam.Context(temp_dir=place):
        data = (pipeline | beam.Create(rows), metadata)
        analysed = data | tft_beam.AnalyzeDataset(partial(preprocessing_fn, custom_config={"classes": list(CLASSES)}))
        _ = analysed | tft_beam.WriteTransformFn(str(folder))
        _ = metadata | beam_metadata_io.WriteMetadata(str(folder / "metadata"), pipeline)
