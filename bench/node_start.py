"""What starting `medtfx node` costs: CPU seconds of a node that has ended already, so that nothing but its start-up is left."""

import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.command import options, tell

CONFIG = """
name: demo
data: {manifest: data/manifest.csv, source: {kind: demo, patients: 60}, classes: [normal, nodule, effusion]}
image: {size: 32, channels: 1}
evaluation: {thresholds: [{metric: auc, at_least: 0.6}]}
gate: {rules: []}
"""
FIRST, MEASURED = "ImageExampleGen", "ImportSchemaGen"


def launch(node: str, folder: Path) -> dict[str, float]:
    """Run a node in a new process; return its CPU and wall seconds."""
    words = [str(Path(sys.executable).with_name("medtfx")), "node", "--config", str(folder / "demo.yaml"), "--node", node]
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run([*words, "--run-id", "bench", "--root", str(folder / "root")], capture_output=True, check=True)
    after, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter() - begin
    return {"cpu_seconds": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, "wall_seconds": wall}


def main() -> None:
    """Prepare a run, repeat a finished node of it, print medians as JSON."""
    parser = options(__doc__)
    parser.add_argument("--repeat", type=int, default=5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "demo.yaml").write_text(CONFIG)
        for node in (FIRST, MEASURED):
            launch(node, folder)
        costs = [launch(MEASURED, folder) for _ in range(given.repeat)]
    medians = {name: round(statistics.median(cost[name] for cost in costs), 2) for name in costs[0]}
    tell({**medians, "repeat": given.repeat}, given.out)


if __name__ == "__main__":
    main()
