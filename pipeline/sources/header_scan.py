"""Reads the headers of a tree: from the cache where a file is unchanged, else in processes side by side.

Parsing holds Python's global lock, so threads would not help. The processes start from a clean server and load pydicom, not
TensorFlow; that takes most of a second, so a small tree is read in this process.
"""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from multiprocessing.connection import wait
from pathlib import Path

from components import progress
from components.image_example_gen.pseudonym import Pseudonymizer
from pipeline.errors import MedtfxError
from pipeline.sources.dicom_header import DicomHeader, read_header
from pipeline.sources.dicom_slices import INSTITUTION
from pipeline.sources.header_cache import HeaderCache, TreeFile

# Below, starting them takes longer than they save: bench/dicom_index.py finds 780 to 920 files on two cores, 520 to 620 on four.
FEWEST_FOR_PROCESSES = 800
BATCH = 32  # files per task, and between two lines of progress
UNREADABLE_FILE = DicomHeader("unreadable_file")


class HeaderScan:
    """Reads headers of one tree and keeps them."""

    def __init__(self, tree: Path, cache_path: Path, pseudonymizer: Pseudonymizer | None) -> None:
        """Scan below `tree`; without a pseudonymizer the headers have no institution."""
        self._tree = tree
        self._pseudonymizer = pseudonymizer
        self._cache = HeaderCache(cache_path, tree, pseudonymizer.key_id if pseudonymizer else "")

    def headers(self, files: Sequence[TreeFile]) -> dict[TreeFile, DicomHeader]:
        """Return every file's header, in the order of `files`.

        Raises:
            MedtfxError: when the system ended a process that reads.
        """
        found = self._cache.headers(files)
        missing = [file for file in files if file not in found]
        if missing:
            with self._cache.writing(found) as writer:
                for batch, headers in self._read(missing):
                    for file, header in zip(batch, headers, strict=True):
                        found[file] = self._without_institution(header)
                        if header.skip != UNREADABLE_FILE.skip:  # rights come back without a change of the file
                            writer.add(file, found[file])
                    writer.keep()
                    progress.report(len(found), len(files), "files")
        return {file: found[file] for file in files}

    def _without_institution(self, header: DicomHeader) -> DicomHeader:
        """Return the header with the institution's keyed hash in place of its name."""
        if self._pseudonymizer is None:
            return replace(header, institution="")
        key = self._pseudonymizer.institution(header.institution) if header.institution else ""
        return replace(header, institution="", columns={**header.columns, INSTITUTION: key})

    def _read(self, files: Sequence[TreeFile]) -> Iterator[tuple[Sequence[TreeFile], list[DicomHeader]]]:
        """Yield batches of files with their headers."""
        batches = [files[start : start + BATCH] for start in range(0, len(files), BATCH)]
        paths = [[self._tree / file.name for file in batch] for batch in batches]
        if len(files) < FEWEST_FOR_PROCESSES:
            yield from zip(batches, map(read_batch, paths), strict=True)
        else:
            yield from zip(batches, side_by_side(read_batch, paths), strict=True)


def read_batch(paths: Sequence[Path]) -> list[DicomHeader]:
    """Return the headers of some files."""
    return [_read_one(path) for path in paths]


def _read_one(path: Path) -> DicomHeader:
    try:
        return read_header(path)
    except OSError:  # rights, a broken disk, a file that is gone
        return UNREADABLE_FILE


def side_by_side(
    read: Callable[[Sequence[Path]], list[DicomHeader]], batches: Sequence[Sequence[Path]]
) -> Iterator[list[DicomHeader]]:
    """Yield what `read` returns for each batch, in order, from a process per core.

    Raises:
        MedtfxError: when the system ended one of them.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    cores = len(os.sched_getaffinity(0))
    with ProcessPoolExecutor(cores, mp_context=context, initializer=live_with_parent) as pool:
        try:
            yield from pool.map(read, batches)
        except BrokenProcessPool as error:
            advice = "Was memory short? The same command continues where this one stopped."
            raise MedtfxError(f"index: a process that reads headers was ended by the system. {advice}") from error
        finally:
            pool.shutdown(cancel_futures=True)


def live_with_parent() -> None:
    """Leave Ctrl-C to the parent, and end when it ends: a killed parent can't tell its children."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_after, args=(parent.sentinel,), daemon=True).start()


def _end_after(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)
