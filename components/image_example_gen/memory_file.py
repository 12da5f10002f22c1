"""A file in memory through which two processes hand each other what is long: a file to render, and its pixels.

A pipe takes such bytes in pieces of its small buffer, with a change of process at each; this takes them in one call. Nothing is
mapped, so the worst that the other process can do to its reader is to leave it short of bytes.
"""

import os
from io import FileIO

MOST_KEPT = 2**25  # bytes that stay allocated for the next file; a frame of a radiograph is below it


class MemoryFile:
    """A file without a name, gone with the last process that has it open. One process writes while the other waits for it."""

    def __init__(self, descriptor: int | None = None) -> None:
        """Take over an open descriptor, or make an empty file."""
        opened = os.memfd_create("medtfx") if descriptor is None else descriptor
        self._file = FileIO(opened, "r+")  # a file object: it is closed once, however often that is asked for

    @property
    def descriptor(self) -> int:
        """What a child process is passed."""
        return self._file.fileno()

    def write(self, content: memoryview) -> int:
        """Put what is in a contiguous view at the begin and return how many bytes it is."""
        view = content.cast("B")
        written = 0
        while written < len(view):  # Linux takes 2 GiB at a time, less a page
            written += os.pwrite(self.descriptor, view[written:], written)
        return written

    def read(self, length: int) -> bytes:
        """Return the first `length` bytes.

        Raises:
            EOFError: when there are not so many; no more is allocated than there are.
        """
        there = min(length, os.fstat(self.descriptor).st_size)
        parts, found = [], 0
        while found < length:
            part = os.pread(self.descriptor, there - found, found)
            if not part:
                raise EOFError(f"{found} bytes; expected {length}")
            parts.append(part)
            found += len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def shrink(self) -> None:
        """Give back what a long file took; to be called between two files."""
        if os.fstat(self.descriptor).st_size > MOST_KEPT:
            os.ftruncate(self.descriptor, 0)

    def close(self) -> None:
        """Close this process' descriptor."""
        self._file.close()
