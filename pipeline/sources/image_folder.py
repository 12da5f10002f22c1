"""Image files that a source makes itself, in a folder beside the manifest."""

from pathlib import Path

import numpy as np
from PIL import Image


def image_folder(manifest: Path) -> Path:
    """Return the folder for the images of a manifest: 'demo.csv' has 'demo_images'."""
    return manifest.with_name(f"{manifest.stem}_images")


def write_png(path: Path, pixels: np.ndarray) -> None:
    """Write uint8 pixels [height, width] or [height, width, 3] as a PNG file; equal pixels give equal bytes."""
    Image.fromarray(pixels).save(path, "PNG", compress_level=1)
