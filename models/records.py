"""TFRecord files as an array: where each record lies, so that any of them can be read without those before it."""

import os
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

# A record is its length (uint64), that length's checksum (uint32), the bytes and their checksum (uint32).
LENGTH = struct.Struct("<Q")
BEFORE_BYTES = 12
AFTER_BYTES = 4


@dataclass(frozen=True)
class Records:
    """The records of some uncompressed TFRecord files.

    Args:
        files: in the order of the records.
        places: int64 [records, 3], rows are (position of the file, offset of the bytes in it, length in bytes).
    """

    files: tuple[Path, ...]
    places: npt.NDArray[np.int64]

    def __len__(self) -> int:
        """Return the number of records."""
        return len(self.places)

    def read(self, rows: Sequence[int] | npt.NDArray[np.int64]) -> list[bytes]:
        """Return the bytes of records by position."""
        return [_read_at(self.files[file], offset, length) for file, offset, length in self.places[rows].tolist()]

    def batches(self, size: int) -> Iterator[list[bytes]]:
        """Yield the bytes of all records in order, `size` at a time; the last batch may be smaller."""
        for start in range(0, len(self), size):
            yield self.read(range(start, min(start + size, len(self))))


def index(folder: Path) -> Records:
    """Find the records of all files of a folder, in the order of their names.

    Raises:
        ValueError: for a compressed or cut file.
    """
    return of_files(sorted(path for path in folder.iterdir() if not path.name.startswith(".")))


def of_files(files: Sequence[Path]) -> Records:
    """Find the records of some files, in their order.

    Raises:
        ValueError: for a compressed or cut file.
    """
    places = [(number, *place) for number, file in enumerate(files) for place in _places(file)]
    return Records(tuple(files), np.array(places, np.int64).reshape(-1, 3))


def _places(file: Path) -> Iterator[tuple[int, int]]:
    size = file.stat().st_size
    offset = 0
    with file.open("rb", buffering=0) as stream:
        while offset < size:
            head = os.pread(stream.fileno(), LENGTH.size, offset)
            length = LENGTH.unpack(head)[0] if len(head) == LENGTH.size else size
            end = offset + BEFORE_BYTES + length + AFTER_BYTES
            if end > size:
                raise ValueError(
                    f"{file.name}: a record ends at byte {end} of {size}; expected a whole, uncompressed TFRecord file"
                )
            yield offset + BEFORE_BYTES, length
            offset = end


def _read_at(file: Path, offset: int, length: int) -> bytes:
    """Read without a memory map: mapped pages would count as the process's memory."""
    with file.open("rb", buffering=0) as stream:
        return os.pread(stream.fileno(), length, offset)
