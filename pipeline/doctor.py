"""`medtfx doctor`: can this machine run medtfx, and what would it use?"""

import importlib
import os
import platform
import shutil
import time
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import typer

from models.precision import choose, read_cpu_flags
from pipeline.config_file import EXAMPLE_DATA, environment

LIBRARIES = ("tfx", "tensorflow", "keras", "tensorflow-transform", "tensorflow-model-analysis", "apache-beam", "ml-metadata")
IMPORTS = ("tensorflow", "tensorflow_data_validation", "ml_metadata", "pipeline.graph")
NEEDED_DISK_GB = 2.0
NEEDED_MEMORY_GB = 3.0

Check = tuple[bool, str]


def examine() -> int:
    """Print every check; return 0 when medtfx can run here, 1 otherwise."""
    checks = list(all_checks())
    for passed, text in checks:
        typer.echo(f"{'ok ' if passed else 'BAD'} {text}")
    return 0 if all(passed for passed, _ in checks) else 1


def all_checks() -> Iterator[Check]:
    """Yield the result of every check; a slow one comes last."""
    yield True, f"Python {platform.python_version()} on {platform.system()} {platform.machine()}, {' '.join(platform.libc_ver())}"
    yield True, f"{os.cpu_count()} cores, {precision_of_cpu()}"
    yield memory_check(Path("/proc/meminfo"))
    yield disk_check(Path.cwd())
    yield from (library_check(name) for name in LIBRARIES)
    yield example_data_check(Path(environment()[EXAMPLE_DATA]))
    yield from (import_check(name, importlib.import_module) for name in IMPORTS)


def precision_of_cpu() -> str:
    """Return what training.precision: auto would choose, and why."""
    chosen = choose("auto", read_cpu_flags())
    return f"trains in {chosen.name} ({chosen.why})"


def memory_check(meminfo: Path) -> Check:
    """Check the memory that programs could get now."""
    lines = dict(line.split(":", 1) for line in meminfo.read_text().splitlines())
    available = int(lines["MemAvailable"].split()[0]) / 1e6
    return available >= NEEDED_MEMORY_GB, f"{available:.1f} GB of memory free; {NEEDED_MEMORY_GB:g} GB are enough"


def disk_check(folder: Path) -> Check:
    """Check the free disk space of a folder."""
    free = shutil.disk_usage(folder).free / 1e9
    return free >= NEEDED_DISK_GB, f"{free:.1f} GB of disk free here; {NEEDED_DISK_GB:g} GB and twice the images are enough"


def library_check(name: str) -> Check:
    """Check that a library is installed."""
    try:
        return True, f"{name} {version(name)}"
    except PackageNotFoundError:
        return False, f"{name} is not installed; run `make` in the project's folder"


def example_data_check(folder: Path) -> Check:
    """Tell where example data is; its absence is no fault."""
    found = "is there" if folder.is_dir() else "is absent: only configs/demo.yaml and configs/article.yaml run without it"
    return True, f"example data (${{{EXAMPLE_DATA}}}) {found}"


def import_check(name: str, load: Callable[[str], object]) -> Check:
    """Check that a module loads, and say how long it took."""
    begin = time.monotonic()
    try:
        load(name)
    except Exception as error:  # whatever a broken installation raises is the finding
        return False, f"import {name}: {type(error).__name__}: {error}"
    return True, f"import {name} ({time.monotonic() - begin:.1f} s)"
