from pathlib import Path
from typing import Any

import apache_beam as beam
import numpy as np
import pytest
import tensorflow as tf
import tensorflow_transform as tft
import tensorflow_transform.beam as tft_beam
from tensorflow_transform.tf_metadata.dataset_metadata import DatasetMetadata

from models import features
from models.preprocessing import label_ids, preprocessing_fn
from pipeline.beam_memo import remembered

CLASSES = ("normal", "nodule")
DENSE = {
    features.LABEL: tf.io.FixedLenFeature([], tf.string),
    features.MEAN: tf.io.FixedLenFeature([1], tf.float32),
    features.STANDARD_DEVIATION: tf.io.FixedLenFeature([1], tf.float32),
}
SPARSE = {name: tf.io.VarLenFeature(feature.dtype) for name, feature in DENSE.items()}


def preprocess(inputs: Any) -> Any:
    return preprocessing_fn(inputs, {"classes": list(CLASSES)})


def rows(images: list[np.ndarray], labels: list[str], sparse: bool) -> list[dict[str, Any]]:
    shape = (lambda value: [value]) if sparse else (lambda value: value)
    return [
        {
            features.LABEL: shape(label),
            features.MEAN: [float(image.mean())],
            features.STANDARD_DEVIATION: [float(image.std())],
        }
        for image, label in zip(images, labels, strict=True)
    ]


def transform(images: list[np.ndarray], labels: list[str], *, spec: dict[str, Any], folder: Path) -> list[dict[str, Any]]:
    metadata = DatasetMetadata.from_feature_spec(spec)
    with remembered(), beam.Pipeline(argv=["--runner=FnApiRunner"]), tft_beam.Context(temp_dir=str(folder / "tmp")):
        dataset = rows(images, labels, spec is SPARSE), metadata
        (transformed, _), function = dataset | tft_beam.AnalyzeAndTransformDataset(preprocess)
        _ = function | tft_beam.WriteTransformFn(str(folder / "graph"))
    return list(transformed)


@pytest.mark.parametrize("spec", [DENSE, SPARSE], ids=["dense", "sparse"])
def test_moments_are_those_of_all_pixels_and_labels_get_their_position(spec: dict[str, Any], tmp_path: Path) -> None:
    random = np.random.default_rng(3)
    images = [random.random((8, 8)) * scale for scale in (0.2, 0.9, 1.0)]
    result = transform(images, ["nodule", "normal", "else"], spec=spec, folder=tmp_path)
    assert [int(row[features.LABEL_ID].item()) for row in result] == [1, 0, -1]
    for row in result:
        assert set(row) == {features.LABEL_ID, features.PIXEL_MEAN, features.PIXEL_VARIANCE}
        assert row[features.PIXEL_MEAN].item() == pytest.approx(np.mean(images), rel=1e-6)
        assert row[features.PIXEL_VARIANCE].item() == pytest.approx(np.var(images), rel=1e-5)


@pytest.fixture(scope="module")
def flat(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[dict[str, Any]], Path]:
    """What becomes of one flat image, and the folder of its transform graph."""
    folder = tmp_path_factory.mktemp("flat")
    result = transform([np.full((4, 4), 0.7)], ["normal"], spec=DENSE, folder=folder)
    return result, folder / "graph"


def test_variance_of_one_flat_image_is_not_negative(flat: tuple[list[dict[str, Any]], Path]) -> None:
    result, _ = flat
    assert 0.0 <= result[0][features.PIXEL_VARIANCE].item() < 1e-9


def test_graph_carries_the_moments(flat: tuple[list[dict[str, Any]], Path]) -> None:
    _, graph = flat
    layer = tft.TFTransformOutput(str(graph)).transform_features_layer()
    other = {
        features.LABEL: tf.constant(["nodule"]),
        features.MEAN: tf.constant([[0.9]]),
        features.STANDARD_DEVIATION: tf.constant([[0.1]]),
    }
    result = layer(other)
    assert result[features.PIXEL_MEAN].numpy().item() == pytest.approx(0.7)
    assert result[features.LABEL_ID].numpy().item() == 1


def test_label_ids_keep_the_shape_and_mark_unknown_text() -> None:
    ids = label_ids(tf.constant([["nodule"], ["Nodule"], [""], ["normal"]]), CLASSES)
    assert ids.dtype == tf.int64
    assert ids.numpy().tolist() == [[1], [-1], [-1], [0]]
