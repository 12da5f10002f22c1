import gc
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import tensorflow as tf

from components.predictions.inference import BATCH, load_predict, predict_split
from components.predictions.table import probabilities, schema
from models import records

Write = Callable[..., records.Records]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return a function that writes examples with these images and returns their records."""

    def go(images: Sequence[bytes], *, site: str | None = "north") -> records.Records:
        (tmp_path / "examples").mkdir()
        with tf.io.TFRecordWriter(str(tmp_path / "examples" / "file")) as writer:
            for row, image in enumerate(images, 1):
                example = tf.train.Example()
                texts = {"image": image, "image_key": b"file-%d" % row, "patient_key": b"patient-%d" % (row // 2), "label": b"a"}
                for name, value in {**texts, **({"site": site.encode()} if site else {})}.items():
                    example.features.feature[name].bytes_list.value.append(value)
                example.features.feature["row"].int64_list.value.append(row)
                writer.write(example.SerializeToString())
        return records.index(tmp_path / "examples")

    return go


def first_byte(images: tf.Tensor) -> np.ndarray:
    """Stand for a model whose probability of class 1 is the image's first byte / 255."""
    shares = np.array([image[0] / 255 for image in images.numpy()], np.float32)
    return np.stack([1 - shares, shares], axis=1)


def predicted(examples: records.Records) -> list[pa.Table]:
    return list(predict_split(examples, first_byte, split="val", model="baseline", slices=["site"]))


def test_export_answers_with_probabilities_of_each_class(model_folder: Path) -> None:
    images = [tf.io.encode_png(np.full((16, 16, 1), grey, np.uint8)).numpy() for grey in (0, 200)]
    shares = load_predict(model_folder / "Format-Serving")(tf.constant(images))
    assert (shares.shape, shares.dtype) == ((2, 3), np.float32)
    assert shares.sum(axis=1) == pytest.approx([1.0, 1.0], abs=1e-6)


def test_export_answers_after_all_else_of_it_is_collected(model_folder: Path) -> None:
    predict = load_predict(model_folder / "Format-Serving")
    gc.collect()
    assert predict(tf.constant([tf.io.encode_png(np.zeros((16, 16, 1), np.uint8)).numpy()])).shape == (1, 3)


def test_export_without_the_signature_is_an_error(tmp_path: Path) -> None:
    tf.saved_model.save(tf.Module(), str(tmp_path))
    with pytest.raises(KeyError, match="predict_image"):
        load_predict(tmp_path)


def test_folder_without_export_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="SavedModel file does not exist"):
        load_predict(tmp_path)


@pytest.mark.parametrize("images", [1, BATCH, BATCH + 1, 2 * BATCH])
def test_no_batch_is_larger_than_the_one_size(write: Write, images: int) -> None:
    sizes = [len(table) for table in predicted(write([b"x"] * images))]
    assert sum(sizes) == images
    assert set(sizes[:-1]) <= {BATCH}
    assert sizes[-1] <= BATCH


def test_every_line_has_its_own_images_answer_and_keys(write: Write) -> None:
    random = np.random.default_rng(1)
    images = [random.bytes(3) for _ in range(BATCH + 6)]
    table = pa.concat_tables(predicted(write(images)))
    assert table.column("row").to_pylist() == list(range(1, len(images) + 1))
    assert table.column("image_key").to_pylist() == [f"file-{row}" for row in range(1, len(images) + 1)]
    assert table.column("patient_key").to_pylist() == [f"patient-{row // 2}" for row in range(1, len(images) + 1)]
    assert probabilities(table)[:, 1].tolist() == [np.float32(image[0] / 255) for image in images]


def test_every_line_names_split_and_model(write: Write) -> None:
    (table,) = predicted(write([b"x"] * 2))
    assert (table.column("split").to_pylist(), table.column("model").to_pylist()) == (["val"] * 2, ["baseline"] * 2)


def test_tables_have_the_columns_of_the_schema(write: Write) -> None:
    (table,) = predicted(write([b"x"]))
    assert table.schema == schema(["site"], 2)


def test_names_beyond_ascii_are_read(write: Write) -> None:
    (table,) = predicted(write([b"x"], site="Köln"))
    assert table.column("site").to_pylist() == ["Köln"]


def test_example_without_a_slice_column_is_an_error(write: Write) -> None:
    with pytest.raises(tf.errors.InvalidArgumentError, match="Feature: site"):
        predicted(write([b"x"], site=None))
