"""How alike two images are by their pixels, small and grey."""

import io

import numpy as np
import numpy.typing as npt
from PIL import Image

SIDE = 64  # pixels: at 224 copies correlate no better, and 20,000 images would take a gigabyte


def grey_values(encoded: bytes) -> npt.NDArray[np.uint8]:
    """Return the grey values of a PNG file, uint8 [pixels]; a larger image is reduced to SIDE x SIDE by area."""
    picture = Image.open(io.BytesIO(encoded)).convert("L")
    if max(picture.size) > SIDE:
        picture = picture.resize((SIDE, SIDE), Image.Resampling.BOX)
    return np.asarray(picture).ravel()


def correlation(first: npt.NDArray[np.uint8], second: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Return Pearson's correlation of pairs of images, float32 [pairs]; 0 where one of them is a single grey.

    It does not see a change of brightness or contrast, which a copy may have and which tells nothing about the patient.

    Args:
        first: uint8 [pairs, pixels].
        second: uint8 [pairs, pixels].
    """
    left, right = _centred(first), _centred(second)
    sizes = np.linalg.norm(left, axis=1) * np.linalg.norm(right, axis=1)
    products = np.einsum("ij,ij->i", left, right)
    return np.divide(products, sizes, out=np.zeros_like(products), where=sizes > 0)


def _centred(values: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    wide = values.astype(np.float32)
    return wide - wide.mean(axis=1, keepdims=True)
