"""Headers that an index run found, kept beside the manifest: a killed one continues, an unchanged file is not read again.

A line of JSON per file. It holds patients' ids, as the manifest does: it is the owner's alone and never lies below a root.
"""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TextIO

from pipeline.sources.dicom_header import DicomHeader

CACHE_SUFFIX = ".headers.jsonl"
CACHE_VERSION = 1  # raised when read_header comes to tell more or otherwise


@dataclass(frozen=True)
class TreeFile:
    """A file of a tree, and by what a change of it shows.

    Args:
        name: relative to the tree, parts separated by '/'.
        size: in bytes.
        mtime_ns: time of the last change.
    """

    name: str = field(repr=False)
    size: int
    mtime_ns: int


class HeaderCache:
    """The headers of one tree; headers made with another pseudonym key or by another version don't count."""

    def __init__(self, path: Path, tree: Path, key_id: str) -> None:
        """Name the file, the tree that names are relative to, and the key behind the institutions' hashes ('' for none)."""
        self._path = path
        self._context = {"version": CACHE_VERSION, "tree": str(tree), "key_id": key_id}

    def headers(self, files: Iterable[TreeFile]) -> dict[TreeFile, DicomHeader]:
        """Return the headers of those files that are as they were when they were read."""
        kept = dict(self._read())
        return {file: kept[file] for file in files if file in kept}

    @contextmanager
    def writing(self, known: Mapping[TreeFile, DicomHeader]) -> Iterator["HeaderWriter"]:
        """Write what is known anew, whole or not at all, and open the file to add to it."""
        part = self._path.with_name(f".{self._path.name}.part")
        part.unlink(missing_ok=True)
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as stream:
            stream.write(json.dumps(self._context) + "\n")
            writer = HeaderWriter(stream)
            for file, header in known.items():
                writer.add(file, header)
            stream.flush()
            part.replace(self._path)
            yield writer

    def _read(self) -> Iterator[tuple[TreeFile, DicomHeader]]:
        """Yield what is kept, up to a line that a kill cut short."""
        try:
            with self._path.open(encoding="utf-8") as lines:
                if json.loads(next(lines, "null")) != self._context:
                    return
                for line in lines:
                    content = json.loads(line)
                    yield TreeFile(**content.pop("file")), DicomHeader(**content)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):  # absent, cut short or damaged: read the files again
            return


class HeaderWriter:
    """Adds headers to an open cache file."""

    def __init__(self, stream: TextIO) -> None:
        """Write to an open text stream."""
        self._stream = stream

    def add(self, file: TreeFile, header: DicomHeader) -> None:
        """Add one header, without the institution's name."""
        content = {"file": asdict(file), **asdict(replace(header, institution=""))}
        self._stream.write(json.dumps(content) + "\n")

    def keep(self) -> None:
        """Hand what was added to the system: a kill of this process no longer loses it."""
        self._stream.flush()
