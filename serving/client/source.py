"""What is to be predicted: files, files below folders, bytes."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Source:
    """An image and what it is called in the results.

    Args:
        name: of the image: a path, an identifier of the caller's.
        content: where the bytes are, or the bytes.
    """

    name: str
    content: Path | bytes

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


def files_at(path: Path) -> list[Path]:
    """Return the files below a folder by name, or the path itself where it is none."""
    if not path.is_dir():
        return [path]
    below = (file for file in path.rglob("*") if not file.is_dir())
    return sorted(file for file in below if not any(part.startswith(".") for part in file.relative_to(path).parts))
