"""DICOM lookup tables (PS3.3 C.11.1.1, C.11.2.1 and C.7.6.3.1.5): from stored values to entries.

pydicom's own application of them counts entries in the type of the result, so that a table of 4096 entries of 8 bit wraps round.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

FULL_LENGTH = 2**16  # what a length of 0 means
WORD_BITS = 16


@dataclass(frozen=True)
class LookupTable:
    """A table of entries for the values from `first` on; values outside get the first or the last entry.

    Args:
        first: the value that the first entry belongs to.
        bits: of an entry.
        entries: uint8 or uint16 [length].
    """

    first: int
    bits: int
    entries: np.ndarray

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """Return the entries of values (of any shape; not-a-number counts as `first`)."""
        positions = np.nan_to_num(values, nan=self.first).astype(np.int64) - self.first
        return self.entries[np.clip(positions, 0, len(self.entries) - 1)]


def lookup_table(descriptor: Sequence[int], data: Any, is_little_endian: bool) -> LookupTable:
    """Return the table of a descriptor and its data, which pydicom gives as bytes (OW) or as numbers (US).

    Raises:
        ValueError: when the data is shorter than the descriptor says.
    """
    length, first, bits = (int(value) for value in descriptor)
    length = length or FULL_LENGTH
    if isinstance(data, bytes) and len(data) == length + length % 2:
        entries, bits = _packed_bytes(data, is_little_endian), 8
    else:
        entries = _words(data, is_little_endian)
    if len(entries) < length:
        raise ValueError(f"{len(entries)} entries; expected {length}")
    entries = entries[:length]
    return LookupTable(first, bits if entries.max() < 2**bits else WORD_BITS, entries)  # some state 8 bit and fill 16


def _words(data: Any, is_little_endian: bool) -> np.ndarray:
    if isinstance(data, bytes):
        return np.frombuffer(data, "<u2" if is_little_endian else ">u2").astype(np.uint16)
    return np.atleast_1d(np.asarray(data, np.uint16))


def _packed_bytes(data: bytes, is_little_endian: bool) -> np.ndarray:
    """Return entries of 8 bit that lie two a word, the first in the lower half."""
    octets = np.frombuffer(data, np.uint8)
    return octets if is_little_endian else octets.reshape(-1, 2)[:, ::-1].ravel()
