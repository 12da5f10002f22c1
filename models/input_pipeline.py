"""Images for training: any rows of a split as uint8 pixels, decoded in parallel, kept in memory within a budget.

Which rows a step sees follows from the seed and the step's number alone. So a training that continues needs no state of its
input, and neither the cache nor the number of threads changes a result.
"""

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from models import features, records

LABEL_BATCH = 256
MEGABYTE = 1 << 20

Rows = npt.NDArray[np.int64]
Pixels = npt.NDArray[np.uint8]
ImageShape = tuple[int, int, int]
Item = TypeVar("Item")


class PixelCache:
    """Room for decoded images, given out one by one until it is full; it takes memory only as it fills."""

    def __init__(self, budget_mb: int, image_shape: ImageShape, at_most: int) -> None:
        """Make room for as many images as fit into the budget, and for `at_most`."""
        capacity = min(at_most, budget_mb * MEGABYTE // int(np.prod(image_shape)))
        self.pixels: Pixels = np.empty((capacity, *image_shape), np.uint8)
        self._taken = 0

    def take(self, wanted: int) -> Rows:
        """Return up to `wanted` free places."""
        places = np.arange(self._taken, min(self._taken + wanted, len(self.pixels)))
        self._taken += len(places)
        return places


class ImageSplit:
    """The images and labels of one split."""

    def __init__(self, examples: records.Records, labels: Rows, image_shape: ImageShape, cache: PixelCache) -> None:
        """Take the records of the split and a label id for each; nothing is decoded yet."""
        self.labels = labels
        self._examples = examples
        self._shape = image_shape
        self._cache = cache
        self._places = np.full(len(examples), -1, np.int64)
        self._decode = decoder(image_shape)

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self._examples)

    def batch(self, rows: Rows) -> tuple[Pixels, Rows]:
        """Return images and label ids of rows."""
        return self.pixels(rows), self.labels[rows]

    def pixels(self, rows: Rows) -> Pixels:
        """Return the images of rows, uint8 [rows, height, width, channels]. Not to be called by two threads at once."""
        result = np.empty((len(rows), *self._shape), np.uint8)
        cached = self._places[rows] >= 0
        result[cached] = self._cache.pixels[self._places[rows[cached]]]
        if not cached.all():
            missing, positions = np.unique(rows[~cached], return_inverse=True)
            decoded = self._decode(tf.constant(self._examples.read(missing))).numpy()
            result[~cached] = decoded[positions]
            self._keep(missing, decoded)
        return result

    def _keep(self, rows: Rows, decoded: Pixels) -> None:
        places = self._cache.take(len(rows))
        self._cache.pixels[places] = decoded[: len(places)]
        self._places[rows[: len(places)]] = places


def decoder(image_shape: ImageShape) -> Callable[[tf.Tensor], tf.Tensor]:
    """Return a function from serialised examples, string [batch], to uint8 [batch, height, width, channels]."""
    specification = {features.IMAGE: tf.io.FixedLenFeature([], tf.string)}
    pixels = tf.TensorSpec(image_shape, tf.uint8)

    def decode_one(encoded: tf.Tensor) -> tf.Tensor:
        return tf.ensure_shape(tf.io.decode_png(encoded, image_shape[-1]), image_shape)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)], autograph=False)
    def decode(serialized: tf.Tensor) -> tf.Tensor:
        encoded = tf.io.parse_example(serialized, specification)[features.IMAGE]
        return tf.map_fn(decode_one, encoded, fn_output_signature=pixels, parallel_iterations=os.cpu_count() or 1)

    return decode


def read_labels(examples: records.Records, label_ids: Callable[[tf.Tensor], tf.Tensor]) -> Rows:
    """Return the label id of every example, int64 [examples]; reads each file once and so checks every record's checksum."""
    batches = tf.data.TFRecordDataset([str(file) for file in examples.files]).batch(LABEL_BATCH)
    found = [label_ids(serialized).numpy() for serialized in batches]
    return np.concatenate(found) if found else np.empty(0, np.int64)


def training_rows(images: int, batch_size: int, seed: int, step: int) -> Rows:
    """Return the rows of a training step, int64 [batch_size], from an endless row of shuffled passes through the split."""
    positions = np.arange(step * batch_size, (step + 1) * batch_size)
    passes = range(positions[0] // images, positions[-1] // images + 1)
    order = np.concatenate([shuffled(images, seed, number) for number in passes])
    return order[positions - passes.start * images]


@lru_cache(maxsize=2)
def shuffled(images: int, seed: int, number: int) -> Rows:
    """Return all rows in the order of one pass."""
    return np.random.default_rng((seed, number)).permutation(images)


def ahead(items: Iterable[Item]) -> Iterator[Item]:
    """Yield items while a thread makes the next one."""
    source = iter(items)
    end = object()
    with ThreadPoolExecutor(1, thread_name_prefix="next_batch") as pool:
        upcoming: Future[object] = pool.submit(next, source, end)
        while (item := upcoming.result()) is not end:
            upcoming = pool.submit(next, source, end)
            yield item  # type: ignore[misc]
