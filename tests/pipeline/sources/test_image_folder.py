from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.sources.image_folder import image_folder, write_png


def test_folder_lies_beside_the_manifest() -> None:
    assert image_folder(Path("data/demo.csv")) == Path("data/demo_images")


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 3)])
def test_pixels_read_back_and_bytes_are_fixed(tmp_path: Path, shape: tuple[int, ...]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    for name in ("one.png", "two.png"):
        write_png(tmp_path / name, pixels)
    assert (tmp_path / "one.png").read_bytes() == (tmp_path / "two.png").read_bytes()
    with Image.open(tmp_path / "one.png") as image:
        np.testing.assert_array_equal(np.asarray(image), pixels)
