"""Where a training that was killed goes on: one file, replaced as a whole after each epoch."""

import hashlib
import json
import logging
import shutil
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

STATE_FILE = "state.npz"
FACTS = "facts"
Array = npt.NDArray[Any]


@dataclass(frozen=True)
class State:
    """A training between two epochs, as it lies on disk.

    Args:
        facts: JSON values about it.
        file: an .npz archive of arrays, named by group and position.
    """

    facts: Mapping[str, Any]
    file: Path

    def group(self, name: str) -> Iterator[Array]:
        """Read the arrays that were saved under a name one by one, in order."""
        with np.load(self.file, allow_pickle=False) as arrays:
            position = 0
            while (key := _key(name, position)) in arrays:
                yield arrays[key]
                position += 1


class Checkpoint:
    """The state of one training on disk."""

    def __init__(self, folder: Path) -> None:
        """Take the folder, which belongs to this training alone."""
        self._folder = folder
        self._file = folder / STATE_FILE

    def save(self, facts: Mapping[str, Any], groups: Mapping[str, Iterable[Array]]) -> None:
        """Replace the state; arrays are taken one by one, so that they need not be in memory together."""
        self._folder.mkdir(parents=True, exist_ok=True)
        partial = self._file.with_suffix(".partial")
        with zipfile.ZipFile(partial, "w") as archive:
            _write(archive, FACTS, np.array(json.dumps(facts)))
            for name, arrays in groups.items():
                for position, array in enumerate(arrays):
                    _write(archive, _key(name, position), array)
        # No fsync: after a power cut the worst is a file that doesn't read back, and then training starts over.
        partial.replace(self._file)

    def load(self) -> State | None:
        """Return the last state; None when there is none, or none that reads back."""
        if not self._file.exists():
            return None
        try:
            with zipfile.ZipFile(self._file) as archive:
                damaged = archive.testzip()
            if damaged is None:
                with np.load(self._file, allow_pickle=False) as arrays:
                    return State(json.loads(str(arrays[FACTS])), self._file)
        except (zipfile.BadZipFile, EOFError, KeyError, OSError, ValueError):
            damaged = STATE_FILE
        logging.getLogger(__name__).warning("The checkpoint does not read back (%s); training starts over.", damaged)
        return None

    def remove(self) -> None:
        """Delete the state and its folder."""
        shutil.rmtree(self._folder, ignore_errors=True)


def inputs_digest(settings: Mapping[str, Any], code: str, files: Sequence[Path]) -> str:
    """Return what a training follows from: 24 hex digits over its settings, its code and its files' bytes, in order."""
    digest = hashlib.sha256(json.dumps([settings, code], sort_keys=True).encode())
    for file in files:
        with file.open("rb") as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    return digest.hexdigest()[:24]


def _key(name: str, position: int) -> str:
    return f"{name}_{position}"


def _write(archive: zipfile.ZipFile, key: str, array: Array) -> None:
    with archive.open(f"{key}.npy", "w", force_zip64=True) as stream:
        np.lib.format.write_array(stream, array, allow_pickle=False)
