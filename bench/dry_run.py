"""What a dry-run of a package costs over `medtfx run`: the same demo, each in a fresh root, every node.

python -m bench.dry_run                   the demo's 600 patients
python -m bench.dry_run --patients 60     fewer, so that start-ups weigh most
"""

import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import yaml

from bench.command import options, tell
from bench.process_tree import Measured, measure
from pipeline import sources
from pipeline.config import DemoSource

PROJECT = Path(__file__).resolve().parent.parent
DEMO = PROJECT / "configs" / "demo.yaml"
MEDTFX = str(Path(sys.executable).with_name("medtfx"))
RUN, DRY_RUN = "medtfx run", "dry-run"
GIB = 2**30
KUBEFLOW = {"image": "registry.example/medtfx:bench", "volumes": [{"claim": "medtfx", "path": "/mnt/medtfx"}]}


def prepare(folder: Path, patients: int) -> Path:
    """Index the demo's images and write its configuration with a section `kubeflow`; return its path."""
    manifest = folder / "data" / "manifest.csv"
    sources.index(DemoSource(kind="demo", patients=patients), manifest)
    tree = yaml.safe_load(DEMO.read_text())
    del tree["data"]["source"]
    tree["data"] |= {"manifest": str(manifest), "pseudonym_key_file": str(DEMO.with_name("demo.key"))}
    config = folder / "demo.yaml"
    config.write_text(yaml.safe_dump({**tree, "kubeflow": KUBEFLOW}))
    return config


def command_of(way: str, config: Path, folder: Path) -> list[str]:
    """Return the command that runs the demo in a folder of its own, one way or the other."""
    root = ["--root", str(folder / "root")]
    if way == RUN:
        return [MEDTFX, "run", str(config), *root]
    package = str(config.with_name("package.yaml"))
    return [MEDTFX, "kubeflow", "dry-run", package, "--config", str(config), "--folder", str(folder / "tasks"), *root]


def once(way: str, config: Path, number: int) -> Measured:
    """Run the demo once.

    Raises:
        SystemExit: when it ends without a pushed model.
    """
    folder = config.parent / f"{way.replace(' ', '-')}-{number}"
    folder.mkdir()
    done = measure(command_of(way, config, folder), environment={}, errors=folder / "errors.txt")
    if done.exit_code or not list(folder.glob("root/serving/demo/*/saved_model.pb")):
        raise SystemExit(f"{way}: exit code {done.exit_code}: {(folder / 'errors.txt').read_text()[-2000:]}")
    return done


def medians(runs: Sequence[Measured]) -> dict[str, float]:
    """Return the medians of a way's runs."""
    return {
        "wall_seconds": round(statistics.median(run.seconds for run in runs), 1),
        "cpu_seconds": round(statistics.median(run.processor_seconds for run in runs), 1),
        "peak_memory_gib": round(statistics.median(run.peak_memory for run in runs) / GIB, 2),
    }


def main() -> None:
    """Compile the package, run both ways in turn, print medians and ratios as JSON."""
    parser = options(__doc__)
    parser.add_argument("--repeat", type=int, default=1, help="runs of each; medians are shown")
    parser.add_argument("--patients", type=int, default=600)
    given = parser.parse_args()
    runs: dict[str, list[Measured]] = {RUN: [], DRY_RUN: []}
    with tempfile.TemporaryDirectory(prefix="dry-run-") as place:
        config = prepare(Path(place), given.patients)
        compiling = [MEDTFX, "kubeflow", "compile", str(config), "-o", str(config.with_name("package.yaml"))]
        compiled = measure(compiling, environment={}, errors=Path(place) / "errors.txt")
        for number in range(given.repeat):
            for way, done in runs.items():
                done.append(once(way, config, number))
    found = {way: medians(done) for way, done in runs.items()}
    ratios = {name: round(value / found[RUN][name], 2) for name, value in found[DRY_RUN].items()}
    tell({**found, "dry-run / run": ratios, "compile_seconds": round(compiled.seconds, 1), "repeat": given.repeat}, given.out)


if __name__ == "__main__":
    main()
