"""Requests that a server answers before it offers a version: assets.extra/tf_serving_warmup_requests.

TF Serving replays them when it loads a version, so that the first client does not wait for what TensorFlow sets up on its
first run; where one fails, the version does not become available. The images are drawn, not taken from the data: an export
travels further than the images that it was trained on.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_log_pb2

from models import features
from models.canonical_image import CanonicalSpec, encode_png

FILE = Path("assets.extra") / "tf_serving_warmup_requests"
BATCH = 8  # images of the larger request


@dataclass(frozen=True)
class WarmUpRequest:
    """One request.

    Args:
        signature: which one answers.
        argument: its input.
        values: one per image of the batch.
    """

    signature: str
    argument: str
    values: tuple[bytes, ...]


def warm_up_requests(canonical: CanonicalSpec) -> tuple[WarmUpRequest, ...]:
    """Return one image and a batch for predict_image, one as an example for serving_default, and one for explain_image."""
    images = tuple(encode_png(pixels).numpy() for pixels in drawn_images(canonical, BATCH))
    return (
        WarmUpRequest("predict_image", features.IMAGE, images[:1]),
        WarmUpRequest("predict_image", features.IMAGE, images),
        WarmUpRequest("serving_default", "examples", (_example(images[0]),)),
        WarmUpRequest("explain_image", features.IMAGE, images[:1]),
    )


def drawn_images(canonical: CanonicalSpec, count: int) -> npt.NDArray[np.uint8]:
    """Return bright discs of different sizes on a dark ground, uint8 [count, size, size, channels]."""
    axis = np.linspace(-1, 1, canonical.size)
    distance = np.hypot(axis[:, np.newaxis], axis)
    radii = np.linspace(0.2, 1, count)[:, np.newaxis, np.newaxis]
    grey = (255 * np.clip(1 - distance / radii, 0, 1)).astype(np.uint8)
    return np.repeat(grey[..., np.newaxis], canonical.channels, axis=-1)


def write_warm_up(requests: Sequence[WarmUpRequest], export: Path) -> None:
    """Write requests into an export as TF Serving reads them: TFRecord of PredictionLog."""
    file = export / FILE
    file.parent.mkdir(parents=True, exist_ok=True)
    with tf.io.TFRecordWriter(str(file)) as writer:
        for request in requests:
            log = prediction_log_pb2.PredictionLog()
            asked = log.predict_log.request
            asked.model_spec.signature_name = request.signature
            asked.inputs[request.argument].CopyFrom(tf.make_tensor_proto(list(request.values), tf.string))
            writer.write(log.SerializeToString(deterministic=True))


def read_warm_up(export: Path) -> Iterator[predict_pb2.PredictRequest]:
    """Yield the requests of an export in their order.

    Raises:
        tf.errors.OpError: there is no such file, or it is cut.
    """
    for record in tf.compat.v1.io.tf_record_iterator(str(export / FILE)):
        yield prediction_log_pb2.PredictionLog.FromString(record).predict_log.request


def _example(encoded: bytes) -> bytes:
    image = tf.train.Feature(bytes_list=tf.train.BytesList(value=[encoded]))
    serialized: bytes = tf.train.Example(features=tf.train.Features(feature={features.IMAGE: image})).SerializeToString()
    return serialized
