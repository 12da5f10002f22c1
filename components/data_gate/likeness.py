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


def unit_vector(values: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Return an image's grey values about their mean, of length 1, float32 [pixels]; zeros where it is a single grey.

    The product of two is Pearson's correlation. It does not see a change of brightness or contrast, which a copy may have and
    which tells nothing about the patient.

    Args:
        values: uint8 [pixels].
    """
    centred = values.astype(np.float32) - values.mean(dtype=np.float32)
    length = np.linalg.norm(centred)
    return centred / length if length > 0 else centred
