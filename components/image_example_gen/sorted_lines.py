"""More lines than memory holds, in order: an external merge sort.

SQLite would sort as well, but keeps its runs in /var/tmp or /tmp, which are memory in a container with a read-only root.
"""

import heapq
from collections.abc import Iterable, Iterator
from pathlib import Path
from tempfile import TemporaryFile
from typing import TextIO

AT_ONCE = 50_000  # lines that are sorted in memory; some 20 MB
MOST_RUNS = 100  # files that are open at once; they become one then


class SortedLines:
    """Takes ASCII lines in any order and yields them, once, by their characters.

    Few lines never touch the disk. Runs of more lie in files that have no name, so that a kill leaves none.
    """

    def __init__(self, folder: Path, at_once: int = AT_ONCE) -> None:
        """Sort in a folder with room for all lines."""
        self._folder, self._at_once = folder, at_once
        self._lines: list[str] = []
        self._runs: list[TextIO] = []

    def add(self, line: str) -> None:
        """Take a line, without its end."""
        self._lines.append(f"{line}\n")
        if len(self._lines) < self._at_once:
            return
        self._lines.sort()
        self._keep(self._lines)
        self._lines.clear()
        if len(self._runs) == MOST_RUNS:
            runs, self._runs = self._runs, []
            self._keep(merged(runs))

    def __iter__(self) -> Iterator[str]:
        """Yield all lines, each with its end; ends what was begun."""
        self._lines.sort()
        lines, runs = self._lines, self._runs
        self._lines, self._runs = [], []
        return merged(runs, lines) if runs else iter(lines)

    def _keep(self, lines: Iterable[str]) -> None:
        """Write a run."""
        run = TemporaryFile("w+", encoding="ascii", dir=self._folder)  # noqa: SIM115 - closed once it has been read
        run.writelines(lines)
        run.seek(0)
        self._runs.append(run)


def merged(runs: Iterable[TextIO], *more: Iterable[str]) -> Iterator[str]:
    """Yield the lines of sorted runs in order, then close them."""
    files = list(runs)
    try:
        yield from heapq.merge(*files, *more)
    finally:
        for file in files:
            file.close()
