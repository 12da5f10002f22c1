"""What production costs beside a script: seconds and peak memory of three ways to one model, side by side in one run.

python -m bench.cost                                  1,000 images, every contender once
python -m bench.cost --repeat 3 --out cost.json       medians of three
python -m bench.cost --images 1000 5000 --only medtfx whether memory grows with the data
"""

import json
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.command import contest
from bench.images import CLASSES, make_images
from bench.process_tree import Measured, measure

PROJECT = Path(__file__).resolve().parent.parent
GIB = 2**30
SCRIPT, SCRIPT_BF16, STOCK, MEDTFX = "script", "script bf16", "stock tfx", "medtfx"
CONTENDERS = (SCRIPT, SCRIPT_BF16, STOCK, MEDTFX)
MODULES = {
    SCRIPT: ("bench.keras_script",),
    SCRIPT_BF16: ("bench.keras_script", "--precision", "mixed_bfloat16"),
    STOCK: ("bench.stock_tfx",),
}
UNSEEN = "start-up and rest"  # wall time that no phase accounts for


@dataclass(frozen=True)
class Trial:
    """One contender's run on a number of images."""

    contender: str
    images: int
    seconds: float
    processor_seconds: float
    peak_memory: int  # bytes
    phases: Mapping[str, float]  # seconds


def command_of(contender: str, manifest: Path, folder: Path, *, steps: int) -> list[str]:
    """Return the command that runs a contender in an empty folder."""
    if contender != MEDTFX:
        module, *options = MODULES[contender]
        return [sys.executable, "-m", module, str(manifest), str(folder), "--steps", str(steps), *options]
    config = write_config(manifest, folder, steps=steps)
    return [str(Path(sys.executable).with_name("medtfx")), "run", str(config), "--root", str(folder / "root"), "--json"]


def write_config(manifest: Path, folder: Path, *, steps: int) -> Path:
    """Write a configuration that leaves all but the task at its default; JSON is YAML."""
    config = folder / "cost.yaml"
    settings = {
        "name": "cost",
        "data": {"manifest": str(manifest), "classes": CLASSES},
        "image": {"size": 224, "channels": 3},
        "training": {"model": "article_cnn", "steps": steps, "batch_size": 32},
        # 30 steps teach little: what is measured is the way to a verdict, not the model.
        "evaluation": {"thresholds": [{"metric": "auc", "at_least": 0.0}]},
        "gate": {"rules": []},
    }
    config.write_text(json.dumps(settings))
    return config


def run_contender(contender: str, manifest: Path, *, images: int, steps: int) -> Trial:
    """Run one contender in a fresh folder, which is removed afterwards.

    Raises:
        SystemExit: when it fails; its standard error is kept and named.
    """
    folder = Path(tempfile.mkdtemp(prefix="cost-"))
    errors = folder / "errors.txt"
    done = measure(command_of(contender, manifest, folder, steps=steps), environment={"PYTHONPATH": str(PROJECT)}, errors=errors)
    if done.exit_code:
        raise SystemExit(f"{contender} ended with exit code {done.exit_code}; see {errors}")
    shutil.rmtree(folder)
    return trial_of(contender, images, done)


def trial_of(contender: str, images: int, done: Measured) -> Trial:
    """Read a contender's phases from the JSON object in its last line."""
    phases: dict[str, float] = json.loads(done.output.strip().splitlines()[-1])["seconds"]
    unseen = {UNSEEN: done.seconds - sum(phases.values())}
    return Trial(contender, images, done.seconds, done.processor_seconds, done.peak_memory, {**phases, **unseen})


def read_once(manifest: Path) -> None:
    """Bring all images into the page cache, so that the first contender has no harder start."""
    for image in (manifest.parent / "images").iterdir():
        image.read_bytes()


def medians(trials: Sequence[Trial]) -> dict[str, Any]:
    """Return the medians of one contender's trials; each phase has its own."""
    phases = {name: statistics.median(trial.phases[name] for trial in trials) for name in trials[0].phases}
    return {
        "contender": trials[0].contender,
        "images": trials[0].images,
        "runs": len(trials),
        "seconds": statistics.median(trial.seconds for trial in trials),
        "all_seconds": [trial.seconds for trial in trials],
        "processor_seconds": statistics.median(trial.processor_seconds for trial in trials),
        "peak_memory_gib": statistics.median(trial.peak_memory for trial in trials) / GIB,
        "phases": phases,
    }


def grouped(trials: Iterable[Trial]) -> list[dict[str, Any]]:
    """Return the medians by number of images and contender, in the order in which they ran."""
    groups: dict[tuple[int, str], list[Trial]] = {}
    for trial in trials:
        groups.setdefault((trial.images, trial.contender), []).append(trial)
    return [medians(group) for group in groups.values()]


def judged(results: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """Return the ratios that the project promises, as far as their parts were measured."""
    found = {(result["images"], result["contender"]): result for result in results}
    sizes = sorted({images for images, _ in found})
    ratios = {}
    for images in sizes:
        ours = found.get((images, MEDTFX))
        for other in (SCRIPT, SCRIPT_BF16, STOCK):
            if ours and (images, other) in found:
                ratios[f"medtfx / {other}, seconds, {images} images"] = ours["seconds"] / found[images, other]["seconds"]
        if ours and "ImageExampleGen" in ours["phases"]:
            ratios[f"medtfx ingest, images per second, {images} images"] = images / ours["phases"]["ImageExampleGen"]
    ends = [found.get((images, MEDTFX)) for images in (sizes[0], sizes[-1])]
    if len(sizes) > 1 and ends[0] and ends[1]:
        ratios[f"medtfx memory, {sizes[-1]} / {sizes[0]} images"] = ends[1]["peak_memory_gib"] / ends[0]["peak_memory_gib"]
    return ratios


def shown(results: Sequence[Mapping[str, Any]], ratios: Mapping[str, float]) -> str:
    """Return the results as text."""
    lines = []
    for result in results:
        name, images, memory = result["contender"], result["images"], result["peak_memory_gib"]
        times = f"{result['seconds']:7.1f} s ({result['processor_seconds']:.1f} s of processor)"
        lines.append(f"{name:<12} {images:>6} images {times} {memory:6.2f} GiB")
        lines += [f"    {phase:<28} {seconds:7.1f} s" for phase, seconds in result["phases"].items()]
    return "\n".join([*lines, "", *(f"{name}: {value:.2f}" for name, value in ratios.items())])


def main() -> None:
    """Run the contenders in turn and print what they took."""
    parser = contest(__doc__, CONTENDERS, PROJECT / "build" / "bench")
    parser.add_argument("--steps", type=int, default=30, help="training steps of 32 images")
    wanted = parser.parse_args()
    trials = []
    for images in wanted.images:
        manifest = make_images(wanted.folder / f"images-{images}", images)
        read_once(manifest)
        for _ in range(wanted.repeat):
            for contender in wanted.only:
                trials.append(run_contender(contender, manifest, images=images, steps=wanted.steps))
                print(f"{contender}: {trials[-1].seconds:.1f} s", file=sys.stderr, flush=True)
    results = grouped(trials)
    ratios = judged(results)
    if wanted.out:
        wanted.out.write_text(json.dumps({"results": results, "ratios": ratios}, indent=2))
    print(shown(results, ratios))


if __name__ == "__main__":
    main()
