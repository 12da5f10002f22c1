"""A MedMNIST .npz with its official splits (Yang et al., MedMNIST v2, Scientific Data 10, 41, 2023)."""

import lzma
import struct
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from models.features import SPLITS
from pipeline.config import MedmnistSource
from pipeline.errors import ConfigError
from pipeline.sources.entry import Entry, Listing
from pipeline.sources.image_folder import write_png

# What zipfile and numpy raise for a damaged archive, member or array header; TypeError comes of a bare .npy, RuntimeError of an
# encrypted or unknown compression, ArithmeticError and MemoryError of an absurd shape.
DAMAGED = (
    *(ValueError, TypeError, EOFError, RuntimeError, LookupError, SyntaxError, ArithmeticError, MemoryError),
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error),
)


def extract_medmnist(source: MedmnistSource, folder: Path) -> Listing:
    """Write every image as a PNG file below `folder` and return the entries, in the file's order.

    Raises:
        ConfigError: when the file is missing or is no MedMNIST file of exclusive classes with the configured names.
    """
    arrays = _load(source.path)
    entries: list[Entry] = []
    for split in SPLITS:
        images, labels = _checked(source, arrays, split)
        (folder / split).mkdir(parents=True, exist_ok=True)
        for number, (pixels, label) in enumerate(zip(images, labels, strict=True)):
            path = folder / split / f"{number:06d}.png"
            write_png(path, pixels)
            entries.append(Entry(path, source.classes[label], split=split))
    return Listing(tuple(entries), inputs=(source.path,))


def _load(path: Path) -> Mapping[str, np.ndarray]:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or 'not a .npz file'}") from error
    except DAMAGED as error:
        raise ConfigError(f"{path}: damaged, or not a .npz file of plain arrays. Get it again from its source.") from error


def _checked(source: MedmnistSource, arrays: Mapping[str, np.ndarray], split: str) -> tuple[np.ndarray, Sequence[int]]:
    """Return a split's images, uint8 [n, height, width] or [n, height, width, 3], and its n labels."""
    names = (f"{split}_images", f"{split}_labels")
    missing = [name for name in names if name not in arrays]
    if missing:
        raise ConfigError(f"{source.path}: no array {', '.join(missing)}; it has {', '.join(sorted(arrays))}")
    images, labels = (arrays[name] for name in names)
    grey_or_rgb = images.ndim == 3 or (images.ndim == 4 and images.shape[3] == 3)
    if images.dtype != np.uint8 or not grey_or_rgb:
        raise ConfigError(f"{source.path}: {names[0]} is {images.dtype} {images.shape}; expected uint8 (n, height, width[, 3])")
    if labels.size != len(images) or labels.dtype.kind not in "iu":
        raise ConfigError(f"{source.path}: {names[1]} is {labels.dtype} {labels.shape}; expected one whole number per image")
    numbers = labels.reshape(-1).tolist()
    if numbers and not 0 <= min(numbers) <= max(numbers) < len(source.classes):
        raise ConfigError(
            f"{source.path}: labels go from {min(numbers)} to {max(numbers)}; source.classes names {len(source.classes)}"
        )
    return images, numbers
