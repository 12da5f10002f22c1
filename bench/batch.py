"""What `medtfx batch` costs beside the script that a user would write, with the same export on the same JPEG files.

python -m bench.batch                            1,000 JPEG of 1024 x 1024, compact_resnet at 224 pixels
python -m bench.batch --images 1000 4000         and whether its memory grows with the archive
python -m bench.batch --repeat 3 --out b.json    medians of three, as JSON
"""

import json
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.command import contest
from bench.cost import GIB, PROJECT, read_once
from bench.images import make_images
from bench.process_tree import Measured, measure

SCRIPT, BATCH = "script", "medtfx batch"
CONTENDERS = (SCRIPT, BATCH)
DISTINCT = 1000  # images; more are links


@dataclass(frozen=True)
class Trial:
    """One run, from the start of Python to its end.

    Args:
        contender: which.
        images: that it predicted.
        seconds: of wall time.
        processor_seconds: of all its processes.
        peak_memory: bytes, over the process tree.
    """

    contender: str
    images: int
    seconds: float
    processor_seconds: float
    peak_memory: int


def command_of(contender: str, images: Path, version: Path, results: Path) -> list[str]:
    """Return the command that writes results."""
    if contender == SCRIPT:
        return [sys.executable, "-m", "bench.batch_script", str(images), str(version), str(results)]
    medtfx = str(Path(sys.executable).with_name("medtfx"))
    return [medtfx, "batch", str(images), "--model", str(version), "-o", str(results), "--json"]


def run_contender(contender: str, images: Path, version: Path) -> Trial:
    """Run a contender in a fresh folder, which is removed afterwards.

    Raises:
        SystemExit: when it fails, or predicts another number of images: its seconds would say nothing.
    """
    folder = Path(tempfile.mkdtemp(prefix="batch-"))
    errors, results = folder / "errors.txt", folder / "results.csv"
    done = measure(command_of(contender, images, version, results), environment={"PYTHONPATH": str(PROJECT)}, errors=errors)
    if done.exit_code:
        raise SystemExit(f"{contender} ended with exit code {done.exit_code}; see {errors}")
    trial = trial_of(
        contender, done, rows=predictions_in(results.read_text().splitlines()), images=sum(1 for _ in images.iterdir())
    )
    shutil.rmtree(folder)
    return trial


def predictions_in(lines: Iterable[str]) -> int:
    """Return how many lines of a CSV file are about an image."""
    return sum(not line.startswith("image,") for line in lines)


def trial_of(contender: str, done: Measured, *, rows: int, images: int) -> Trial:
    """Return what was measured.

    Raises:
        SystemExit: when not every image has a row.
    """
    if rows != images:
        raise SystemExit(f"{contender} predicted {rows} images; expected {images}")
    return Trial(contender, images, done.seconds, done.processor_seconds, done.peak_memory)


def figures(trials: Sequence[Trial]) -> dict[str, float]:
    """Return medians by contender and number of images, and the speed of images beyond the smallest number."""
    found: dict[str, float] = {}
    for name, images in dict.fromkeys((trial.contender, trial.images) for trial in trials):
        same = [trial for trial in trials if (trial.contender, trial.images) == (name, images)]
        found |= {
            f"{name}, images per second, {images} images": images / statistics.median(trial.seconds for trial in same),
            f"{name}, images per processor second, {images} images": images
            / statistics.median(trial.processor_seconds for trial in same),
            f"{name}, peak memory in GiB, {images} images": statistics.median(trial.peak_memory for trial in same) / GIB,
        }
    return found


def make_version(folder: Path, size: int) -> Path:
    """Push an untrained compact_resnet and return its version folder; one that is there already is taken."""
    from bench.batch_model import push_untrained  # noqa: PLC0415 - TensorFlow loads here

    there = sorted(path for path in folder.glob("serving/bench/*") if path.name.isdecimal())
    return there[-1] if there else push_untrained(folder, size)


def main() -> None:
    """Run the contenders in turn and print what they took."""
    parser = contest(__doc__, CONTENDERS, PROJECT / "build" / "bench")
    parser.add_argument("--size", type=int, default=224, help="side of the network's image in pixels")
    wanted = parser.parse_args()
    version = make_version(wanted.folder / f"batch-model-{wanted.size}", wanted.size)
    trials = []
    for images in wanted.images:
        manifest = make_images(wanted.folder / f"ingest-{images}", images, distinct=DISTINCT)
        read_once(manifest)
        trials += [run_contender(name, manifest.parent / "images", version) for _ in range(wanted.repeat) for name in wanted.only]
    found = figures(trials)
    if wanted.out:
        wanted.out.write_text(json.dumps({"trials": [asdict(trial) for trial in trials], "figures": found}, indent=2))
    print("\n".join(f"{name}: {value:.2f}" for name, value in found.items()))


if __name__ == "__main__":
    main()
