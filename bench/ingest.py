"""What ingest costs beside bare decoding, and whether its memory grows with the data.

python -m bench.ingest                                   1,000 JPEG of 1024 x 1024: ingest, bare decoding, both on one core too
python -m bench.ingest --images 1000 20000 --only ingest       peak memory of the process tree at both
python -m bench.ingest --repeat 3 --out ingest.json            medians of three, as JSON
"""

import json
import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.command import contest
from bench.cost import GIB, PROJECT, read_once
from bench.images import make_images
from bench.process_tree import Measured, measure

INGEST, RAW = "ingest", "raw"
ON_ONE_CORE = {INGEST: "ingest on one core", RAW: "raw on one core"}
CONTENDERS = (INGEST, RAW, *ON_ONE_CORE.values())
DISTINCT = 1000  # images; more are links, for it takes longer to make an image than to ingest it


@dataclass(frozen=True)
class Trial:
    """One run on a number of images.

    Args:
        contender: ingest, or raw: decoding and shrinking alone; on all cores or on one.
        images: that it worked on.
        seconds: of its work, without the start of Python and TensorFlow.
        peak_memory: bytes, over the process tree.
    """

    contender: str
    images: int
    seconds: float
    peak_memory: int

    @property
    def images_per_second(self) -> float:
        """Images by the seconds of work."""
        return self.images / self.seconds


def command_of(contender: str, manifest: Path, folder: Path) -> list[str]:
    """Return the command that runs a contender in an empty folder."""
    if contender in (RAW, ON_ONE_CORE[RAW]):
        return [sys.executable, "-m", "bench.raw_decode", str(manifest)]
    return [sys.executable, "-m", "bench.ingest_alone", str(manifest), str(folder)]


def run_contender(contender: str, manifest: Path, images: int) -> Trial:
    """Run a contender in a fresh folder, which is removed afterwards.

    Raises:
        SystemExit: when it fails; its standard error is kept and named.
    """
    folder = Path(tempfile.mkdtemp(prefix="ingest-"))
    errors = folder / "errors.txt"
    with cores(1 if contender in ON_ONE_CORE.values() else None):
        done = measure(command_of(contender, manifest, folder), environment={"PYTHONPATH": str(PROJECT)}, errors=errors)
    if done.exit_code:
        raise SystemExit(f"{contender} ended with exit code {done.exit_code}; see {errors}")
    shutil.rmtree(folder)
    return trial_of(contender, images, done)


@contextmanager
def cores(most: int | None) -> Iterator[None]:
    """Let processes that are started within use so many cores; None: as many as this one."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(allowed)[:most])
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


def trial_of(contender: str, images: int, done: Measured) -> Trial:
    """Read a contender's last line.

    Raises:
        SystemExit: when it worked on fewer images: its seconds would say nothing.
    """
    told = json.loads(done.output.strip().splitlines()[-1])
    if told["images"] != images:
        raise SystemExit(f"{contender} worked on {told['images']} images; expected {images}")
    return Trial(contender, images, told["seconds"]["work"], done.peak_memory)


def figures(trials: Sequence[Trial]) -> dict[str, float]:
    """Return medians by contender and number of images, and the ratios between them."""
    speeds: dict[tuple[str, int], float] = {}
    memory: dict[tuple[str, int], float] = {}
    for case in dict.fromkeys((trial.contender, trial.images) for trial in trials):
        same = [trial for trial in trials if (trial.contender, trial.images) == case]
        speeds[case] = statistics.median(trial.images_per_second for trial in same)
        memory[case] = statistics.median(trial.peak_memory for trial in same) / GIB
    found = {f"{name}, images per second, {images} images": speed for (name, images), speed in speeds.items()}
    found |= {f"{name}, peak memory in GiB, {images} images": peak for (name, images), peak in memory.items()}
    return found | ratios(speeds, memory)


def ratios(speeds: Mapping[tuple[str, int], float], memory: Mapping[tuple[str, int], float]) -> dict[str, float]:
    """Return ingest against bare decoding, all cores against one, and memory at the most images against that at the fewest."""
    found = {
        f"ingest / raw, images per second, {images} images": speed / speeds[RAW, images]
        for (name, images), speed in speeds.items()
        if name == INGEST and (RAW, images) in speeds
    }
    found |= {
        f"{name} on all cores / on one, images per second, {images} images": speed / speeds[ON_ONE_CORE[name], images]
        for (name, images), speed in speeds.items()
        if name in ON_ONE_CORE and (ON_ONE_CORE[name], images) in speeds
    }
    sizes = sorted(images for name, images in memory if name == INGEST)
    if len(sizes) > 1:
        few, many = sizes[0], sizes[-1]
        found[f"ingest memory, {many} / {few} images"] = memory[INGEST, many] / memory[INGEST, few]
    return found


def main() -> None:
    """Run the contenders in turn and print what they took."""
    parser = contest(__doc__, CONTENDERS, PROJECT / "build" / "bench")
    wanted = parser.parse_args()
    trials = []
    for images in wanted.images:
        manifest = make_images(wanted.folder / f"ingest-{images}", images, distinct=DISTINCT)
        read_once(manifest)
        trials += [run_contender(name, manifest, images) for _ in range(wanted.repeat) for name in wanted.only]
    found = figures(trials)
    if wanted.out:
        wanted.out.write_text(json.dumps({"trials": [asdict(trial) for trial in trials], "figures": found}, indent=2))
    print("\n".join(f"{name}: {value:.2f}" for name, value in found.items()))


if __name__ == "__main__":
    main()
