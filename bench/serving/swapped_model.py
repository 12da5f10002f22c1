"""A model whose version is swapped again and again: two networks take turns, each version in a folder renamed into place."""

import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from bench.serving import image_model
from bench.serving.image_model import Network
from models.export import PREDICT_IMAGE, PROBABILITIES
from serving.saved_model import Array, SavedModel

SEEDS = (1, 2)  # odd versions have the second network
KEPT = 3  # version folders that lie there at once
TOLERANCE = 1e-4  # float32 of another batch size
LEAST_DIFFERENCE = 100 * TOLERANCE  # between the networks, for every image


class SwappedModel:
    """The version folders below a base path, and what each version has to answer."""

    def __init__(self, folder: Path, size: int, images: Sequence[bytes]) -> None:
        """Export both networks, ask them about the images, and push version 1.

        Raises:
            SystemExit: when the two can't be told apart by every image.
        """
        self.base_path, self.newest = folder / "demo", 0
        self._exports = [image_model.save(folder / f"export-{seed}", Network(size=size, seed=seed)) for seed in SEEDS]
        self._expected = [probabilities(export, images) for export in self._exports]
        if np.abs(self._expected[0] - self._expected[1]).max(axis=1).min() < LEAST_DIFFERENCE:
            raise SystemExit("the two networks say the same about an image; expected weights that differ more")
        self.push()

    def push(self) -> int:
        """Put the next version into place in one step, and remove the oldest; return its number."""
        number = self.newest + 1
        hidden = self.base_path / f".{number}"
        shutil.copytree(self._exports[number % len(SEEDS)], hidden)
        hidden.rename(self.base_path / str(number))
        self.newest = number
        shutil.rmtree(self.base_path / str(number - KEPT), ignore_errors=True)
        return number

    def is_right(self, version: int, image: int, answer: Array) -> bool:
        """Tell whether a version's answer about an image is what this version has to say."""
        return bool(np.allclose(answer, self._expected[version % len(SEEDS)][image], rtol=0, atol=TOLERANCE))


def probabilities(export: Path, images: Sequence[bytes]) -> Array:
    """Return an export's probabilities of each image, float32 [images, classes], asked in this process."""
    model = SavedModel(export)
    (found,) = model.run(PREDICT_IMAGE, {"image": np.array(images, object)}, [PROBABILITIES])
    model.close()
    return found
