"""Whether the memory of ingest's driver grows with the manifest.

python -m bench.planning                              500,000 and 5,000,000 rows of a fifth as many patients; 5 GB of disk
python -m bench.planning --rows 1000 10000            quickly; so few are sorted in memory, so their growth says nothing
python -m bench.planning --rows 5000000 --out planning.json

Each size runs in a process of its own; what is stubbed there, bench/planning_alone.py says. Memory is the resident peak of that
process in bytes, by phase: `look at files` is what a run does before its first node, `plan` cuts the shards, `write` is Beam with
the workers inside, `gather` makes account and artifact of the shards.
"""

import json
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.command import options, tell
from bench.cost import PROJECT
from bench.images import CLASSES
from bench.process_tree import measure

IMAGES_PER_PATIENT = 5
REPEATED_EVERY = 100_000  # a row names the file of the row before it


def write_manifest(path: Path, rows: int) -> None:
    """Write a manifest of images that are not there; the rows of a patient lie far apart."""
    patients = max(rows // IMAGES_PER_PATIENT, 1)
    with path.open("w", encoding="ascii") as file:
        file.write("path,label,patient_id,site\n")
        for row in range(rows):
            image = row - (row % REPEATED_EVERY == REPEATED_EVERY - 1)
            patient = image % patients
            file.write(f"{image // 1000}/{image}.png,{CLASSES[patient % len(CLASSES)]},MRN{patient:07d},{'ns'[patient % 2]}\n")


def run(rows: int, shard_rows: int, folder: Path) -> dict[str, Any]:
    """Ingest a manifest of so many rows in a process of its own; return what it measured.

    Raises:
        SystemExit: when it fails, or an account is not of all rows.
    """
    write_manifest(folder / "manifest.csv", rows)
    command = [sys.executable, "-m", "bench.planning_alone", str(folder / "manifest.csv"), str(folder)]
    command += ["--shard-rows", str(shard_rows)]
    done = measure(command, environment={"PYTHONPATH": str(PROJECT)}, errors=Path("/dev/stderr"))
    if done.exit_code:
        raise SystemExit(f"the ingest of {rows:,} rows ended with exit code {done.exit_code}")
    found: dict[str, Any] = json.loads(done.output.strip().splitlines()[-1])
    if found["rows"] != rows:
        raise SystemExit(f"the account is of {found['rows']:,} rows; expected {rows:,}")
    print(json.dumps(found), file=sys.stderr, flush=True)  # the next size may take an hour
    return found


def bytes_a_row(trials: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Return by how much each phase's peak grows, in bytes for a further row, from the least rows to the most."""
    few, *_, many = sorted(trials, key=lambda trial: int(trial["rows"]))
    more = many["rows"] - few["rows"]
    return {phase: (peak - few["peak_memory"][phase]) / more for phase, peak in many["peak_memory"].items()}


def main() -> None:
    """Run the sizes in turn and print what they took."""
    parser = options(__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[500_000, 5_000_000], help="of the manifest, one or more numbers")
    parser.add_argument("--shard-rows", type=int, default=64, help="rows of a shard")
    parser.add_argument("--folder", type=Path, default=PROJECT / "build" / "bench", help="where it may write")
    wanted = parser.parse_args()
    wanted.folder.mkdir(parents=True, exist_ok=True)
    trials = []
    for rows in wanted.rows:
        folder = Path(tempfile.mkdtemp(prefix="planning-", dir=wanted.folder))
        try:
            trials.append(run(rows, wanted.shard_rows, folder))
        finally:
            shutil.rmtree(folder)
    growth = {"further_bytes_a_row": bytes_a_row(trials)} if len(set(wanted.rows)) > 1 else {}
    tell({"trials": trials, **growth}, wanted.out)


if __name__ == "__main__":
    main()
