"""What reading the headers of a DICOM tree costs beside a plain pydicom loop, in files a second of processor time.

python -m bench.dicom_index --tree ../shared/data/dicom                  every file once, five times over
python -m bench.dicom_index --tree ../shared/data/dicom --out index.json

Processor time, so that a busy machine changes little; every file is in the page cache before the first contender starts.
Where processes side by side begin to pay follows from these seconds and those of a start: header_scan's FEWEST_FOR_PROCESSES.
The plain loop parses headers; medtfx also decides on each file, derives the slice columns and computes the SHA-256 of images.
"""

import argparse
import json
import logging
import math
import statistics
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pydicom

from bench.process_tree import processor_seconds
from pipeline.sources import header_scan
from pipeline.sources.header_cache import TreeFile
from pipeline.sources.header_scan import HeaderScan

PLAIN, MEDTFX, AGAIN = "plain pydicom loop", "medtfx headers", "medtfx headers, from the cache"
PROMISED = 300.0  # files a second and core


def plain_loop(paths: Sequence[Path]) -> None:
    """Read headers as a script would; what can't be read is passed over."""
    for path in paths:
        try:
            pydicom.dcmread(path, stop_before_pixels=True)
        except Exception:
            continue


def tree_files(tree: Path) -> list[TreeFile]:
    """Return the files of a tree in the order of their names, each read once."""
    paths = sorted(path for path in tree.rglob("*") if path.is_file())
    for path in paths:
        path.read_bytes()
    return [TreeFile(path.relative_to(tree).as_posix(), path.stat().st_size, path.stat().st_mtime_ns) for path in paths]


def rate(work: Callable[[], object], files: int) -> float:
    """Return how many files a second of processor time work takes."""
    begin = time.process_time()
    work()
    return files / (time.process_time() - begin)


def measure(tree: Path, repeat: int) -> dict[str, list[float]]:
    """Return the rates of each contender, which take turns."""
    files = tree_files(tree)
    paths = [tree / file.name for file in files]
    rates: dict[str, list[float]] = {PLAIN: [], MEDTFX: [], AGAIN: []}
    for _ in range(repeat):
        with tempfile.TemporaryDirectory() as folder:
            scan = HeaderScan(tree, Path(folder) / "cache", None)
            rates[PLAIN].append(rate(lambda: plain_loop(paths), len(files)))
            rates[MEDTFX].append(rate(lambda scan=scan: scan.headers(files), len(files)))
            rates[AGAIN].append(rate(lambda scan=scan: scan.headers(files), len(files)))
    return rates


def start_seconds() -> float:
    """Return the processor seconds until a process can read headers, by one that does nothing else."""
    before = processor_seconds()
    subprocess.run([sys.executable, "-c", f"import {header_scan.__name__}"], check=True)
    return processor_seconds() - before


def break_even(files_per_second: float, start: float, cores: int) -> float:
    """Return from how many files on starting processes takes less time than they save; without end on one core.

    Args:
        files_per_second: that one core reads.
        start: seconds until the processes read; they share one start.
        cores: that read side by side.
    """
    saved = (1 - 1 / cores) / files_per_second
    return start / saved if saved else math.inf


def judged(rates: Mapping[str, Sequence[float]], files: int) -> dict[str, object]:
    """Return the medians, and whether the promise holds."""
    medians = {name: statistics.median(values) for name, values in rates.items()}
    ratio = medians[MEDTFX] / medians[PLAIN]
    kept = medians[MEDTFX] >= PROMISED
    return {"files": files, "files_per_core_second": medians, "medtfx / plain": ratio, f"at least {PROMISED:g}": kept}


def main() -> None:
    """Let the contenders read a tree in turn and print what they took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tree", type=Path, required=True, help="folder of DICOM files; fewer than header_scan's bound")
    parser.add_argument("--repeat", type=int, default=5, help="rounds; medians are shown")
    parser.add_argument("--out", type=Path, help="file for the results as JSON")
    wanted = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.getLogger("pydicom").disabled = True
    rates = measure(wanted.tree, wanted.repeat)
    start = statistics.median(start_seconds() for _ in range(wanted.repeat))
    results = judged(rates, len(tree_files(wanted.tree)))
    alone = statistics.median(rates[MEDTFX])
    results["break_even_files"] = {f"{cores} cores": break_even(alone, start, cores) for cores in (2, 4, 8)}
    if wanted.out:
        wanted.out.write_text(json.dumps(results, indent=2))
    print(json.dumps(results, indent=2))


if __name__ == "__main__":
    main()
