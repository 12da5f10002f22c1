"""The plan of an ingest: each manifest cut into shards, and where they are written.

Which rows a shard has lies in a file of fixed-width records, a row each, that names neither file nor patient; whoever writes the
shard reads its rows out of the manifest. So no memory grows with the rows, and what travels to a worker is two numbers.
"""

import secrets
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from components.image_example_gen.manifest import ManifestRow
from components.image_example_gen.part import Part, changed, rows_of_part
from components.image_example_gen.pseudonym import Pseudonymizer
from components.image_example_gen.quarantine import Repeats
from components.image_example_gen.settings import IngestSettings
from components.image_example_gen.shard import Shard, is_done
from components.image_example_gen.sorted_lines import SortedLines
from components.image_example_gen.split import stable_fraction
from pipeline.reasons import Reason

PLAN_FILE = "plan"
# Number and place of a row, a digest of its cells, and the reason by which other rows refuse it ('' for none).
PLANNED = np.dtype([("row", np.int64), ("place", np.int64), ("digest", np.uint64), ("refused", "S32")])
WRITTEN_AT_ONCE = 10_000  # records
POSITIONS = 2**53  # stable_fraction is a whole number of these

PlannedRow = tuple[int, int, int, str]
PlannedRows = npt.NDArray[np.void]


class Task(NamedTuple):
    """A shard that is to be written.

    Args:
        plan: position of its plan among those of the run.
        shard: its index.
    """

    plan: int
    shard: int


@dataclass(frozen=True)
class Plan:
    """A part's shards.

    Args:
        part: the manifest.
        work: folder of this part alone, named after all that its examples follow from: equal names, equal shards.
        rows: of the manifest.
        shard_rows: of each shard but the last.
    """

    part: Part
    work: Path
    rows: int
    shard_rows: int

    @property
    def count(self) -> int:
        """How many shards there are."""
        return -(-self.rows // self.shard_rows)

    def shard(self, index: int) -> Shard:
        """Return a shard."""
        return Shard(index, self.count, self.part.span)

    def shards(self) -> Iterator[Shard]:
        """Yield all shards."""
        return map(self.shard, range(self.count))

    def size(self, index: int) -> int:
        """Return how many rows a shard has."""
        return min(self.shard_rows, self.rows - index * self.shard_rows)

    def planned(self, index: int) -> PlannedRows:
        """Return the rows of a shard, PLANNED [rows]."""
        start = index * self.shard_rows * PLANNED.itemsize
        return np.fromfile(self.work / PLAN_FILE, PLANNED, self.size(index), offset=start)

    def manifest_rows(
        self, index: int, settings: IngestSettings, pseudonymizer: Pseudonymizer
    ) -> list[tuple[ManifestRow, Reason | None]]:
        """Return the rows of a shard out of the manifest, and why other rows refuse them.

        Raises:
            ConfigError: when the manifest has changed since it was planned.
        """
        planned = self.planned(index)
        places = planned[["row", "place"]].tolist()
        rows = list(rows_of_part(self.part, places, patient=settings.patient))
        if [row_digest(row, pseudonymizer) for row in rows] != planned["digest"].tolist():
            raise changed(self.part)
        reasons = [Reason(refused.decode()) if refused else None for refused in planned["refused"].tolist()]
        return list(zip(rows, reasons, strict=True))


def write_plan(
    part: Part, rows: Iterable[ManifestRow], work: Path, *, settings: IngestSettings, pseudonymizer: Pseudonymizer
) -> Plan:
    """Cut a part into shards, each a mixture of all rows, the same for the same paths and seed; write which rows each has.

    Args:
        part: the manifest.
        rows: of it, in any order.
        work: folder of this part.
        settings: of the run.
        pseudonymizer: with the run's key.
    """
    work.mkdir(parents=True, exist_ok=True)
    begun, count = work / f".{PLAN_FILE}.{secrets.token_hex(8)}", 0
    planned = mixed(rows, work, settings.split_seed, pseudonymizer)
    with begun.open("wb") as file:
        while some := list(islice(planned, WRITTEN_AT_ONCE)):
            np.array(some, PLANNED).tofile(file)
            count += len(some)
    begun.rename(work / PLAN_FILE)
    return Plan(part, work, count, settings.shard_rows)


def mixed(rows: Iterable[ManifestRow], folder: Path, seed: str, pseudonymizer: Pseudonymizer) -> Iterator[PlannedRow]:
    """Yield rows as PLANNED has them, mixed by a hash of their images' names; sort in a folder."""
    lines, repeats = SortedLines(folder), Repeats(folder)
    for row in rows:
        repeats.add(row)
        position = int(stable_fraction(seed, row.image_name) * POSITIONS)
        lines.add(f"{position:016d} {row.row:020d} {row.place} {row_digest(row, pseudonymizer)}")
    refused = repeats.reasons()
    for line in lines:
        number, place, digest = map(int, line.split()[1:])
        yield number, place, digest, refused.get(number, "")


def row_digest(row: ManifestRow, pseudonymizer: Pseudonymizer) -> int:
    """Return a keyed digest of a row's cells, by which a worker knows that it reads what was planned; uint64."""
    cells = (row.path, row.label, row.patient_id, row.split, row.sha256, row.study_id, str(row.frame), *row.columns.values())
    return pseudonymizer.manifest_row("\0".join(cells))


def missing(plans: Sequence[Plan]) -> list[Task]:
    """Return what is not written yet of all parts."""
    return [
        Task(position, shard.index)
        for position, plan in enumerate(plans)
        for shard in plan.shards()
        if not is_done(plan.work, shard)
    ]
