"""What is to be predicted: files, files below folders, bytes."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Source:
    """An image and what it is called in the results.

    Args:
        name: of the image: a path, an identifier of the caller's.
        content: where the bytes are, or the bytes.
        frame: of a file that holds several, from 1 as DICOM counts; None: as the rendering settings say.
    """

    name: str
    content: Path | bytes
    frame: int | None = None

    def __repr__(self) -> str:
        """Show what kind of source it is: a name may be a patient's."""
        return f"Source({type(self.content).__name__})"


def found(images: Iterable[str | Path | bytes | Source]) -> Iterator[Source]:
    """Yield the sources behind what a caller names, in that order; a folder gives every file below it by name.

    Below a folder, names that begin with a dot are left out: they are the system's. Bytes are called 'image 1' after their place.
    """
    for position, image in enumerate(images, start=1):
        if isinstance(image, Source):
            yield image
        elif isinstance(image, bytes):
            yield Source(f"image {position}", image)
        else:
            yield from (Source(str(path), path) for path in files_at(Path(image)))


def files_at(path: Path, left_out: Counter[str] | None = None) -> Iterator[Path]:
    """Yield the files below a folder by name, or the path itself where it is none; memory holds the names of a folder at a time.

    A folder that can't be read is yielded itself, so that it is told as a file that can't.

    Args:
        path: of a file or folder.
        left_out: counts names that are passed over: 'hidden' ones, and a 'linked_folder', which may lead in a circle.
    """
    counts = Counter[str]() if left_out is None else left_out
    waiting = [(path, path.is_dir())]  # the next one last
    while waiting:
        place, is_folder = waiting.pop()
        entries = _entries(place) if is_folder else None
        if entries is None:
            yield place
            continue
        for entry in reversed(entries):
            if kind := _left_out(entry):
                counts[kind] += 1
            else:
                waiting.append((place / entry.name, entry.is_dir(follow_symlinks=False)))


def _entries(folder: Path) -> list[os.DirEntry[str]] | None:
    """Return what is in a folder by name, None when it can't be read."""
    try:
        with os.scandir(folder) as found:
            return sorted(found, key=lambda entry: entry.name)
    except OSError:
        return None


def _left_out(entry: os.DirEntry[str]) -> str | None:
    """Return why an entry is passed over, None when it is not."""
    if entry.name.startswith("."):
        return "hidden"
    return "linked_folder" if entry.is_symlink() and Path(entry.path).is_dir() else None
