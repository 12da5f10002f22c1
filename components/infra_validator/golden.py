"""Golden requests: images of the test split as ingest stored them, and the same pictures in other forms that clients send."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from models import features, records

Pixels = npt.NDArray[np.uint8]
OPAQUE = 255


@dataclass(frozen=True)
class Request:
    """One image file as a client would send it.

    Args:
        form: what is special about it, for findings.
        encoded: the file's bytes.
    """

    form: str
    encoded: bytes


def golden_requests(split: Path, count: int) -> list[Request]:
    """Return `count` images of a split, spread evenly over it, each as stored and once more in another form."""
    examples = records.index(split)
    stored = [_image_of(serialized) for serialized in examples.read(evenly(len(examples), count))]
    requests = [Request("as stored", encoded) for encoded in stored]
    forms = list(FORMS.items())
    for number, encoded in enumerate(stored):
        form, change = forms[number % len(forms)]
        requests.append(Request(form, change(tf.io.decode_png(encoded).numpy())))
    return requests


def evenly(total: int, count: int) -> list[int]:
    """Return up to `count` different positions spread over `total`, first and last among them."""
    return sorted(set(np.linspace(0, total - 1, min(count, total)).round().astype(int).tolist()))


def _image_of(serialized: bytes) -> bytes:
    (encoded,) = tf.train.Example.FromString(serialized).features.feature[features.IMAGE].bytes_list.value
    return bytes(encoded)


def _odd_size(pixels: Pixels) -> bytes:
    """Repeat edge pixels to a picture that is neither square nor of even sides."""
    wider = np.pad(pixels, ((0, 1 + pixels.shape[0] // 7 * 2), (0, 1 + pixels.shape[1] // 3 * 2), (0, 0)), mode="edge")
    return _png(wider)


def _with_alpha(pixels: Pixels) -> bytes:
    return _png(np.concatenate([pixels, np.full_like(pixels[..., :1], OPAQUE)], axis=-1))


def _sixteen_bit(pixels: Pixels) -> bytes:
    return _png(pixels.astype(np.uint16) * 257)


def _jpeg(pixels: Pixels) -> bytes:
    encoded: bytes = tf.io.encode_jpeg(pixels).numpy()
    return encoded


def _png(pixels: npt.NDArray[np.uint8] | npt.NDArray[np.uint16]) -> bytes:
    encoded: bytes = tf.io.encode_png(pixels).numpy()
    return encoded


FORMS: dict[str, Callable[[Pixels], bytes]] = {
    "odd size": _odd_size,
    "alpha channel": _with_alpha,
    "16 bit": _sixteen_bit,
    "JPEG": _jpeg,
}


def serialized_examples(requests: Sequence[Request]) -> list[bytes]:
    """Return each request as a serialised example that holds the image and nothing else."""
    return [_example(request.encoded).SerializeToString() for request in requests]


def _example(encoded: bytes) -> tf.train.Example:
    image = tf.train.Feature(bytes_list=tf.train.BytesList(value=[encoded]))
    return tf.train.Example(features=tf.train.Features(feature={features.IMAGE: image}))
