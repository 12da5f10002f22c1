"""ImageExampleGen on a manifest whose images are not there: all of its work but the pixels, measured phase by phase.

Stubbed is what becomes of one image: its file is not read, its pixels are not measured, its example is the same few bytes. In
shards beyond the first READ rows also what the manifest tells of it is made up, for reading and keying 5 million rows takes the
workers half an hour. All else is the real thing: planning, Beam with a shard an element, shard files and accounts, sorting,
publishing. Beam's in-process workers share this process, so the phase `write` is driver and workers together.
"""

import argparse
import json
import secrets
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.types import Artifact, standard_artifacts

from bench.images import CLASSES
from bench.phases import Phases
from components import progress
from components.artifacts import IngestAccount
from components.image_example_gen.account import RowAccount, read_account
from components.image_example_gen.executor import ACCOUNT, EXAMPLES, Executor
from components.image_example_gen.image_reader import ImageReader
from components.image_example_gen.manifest import ManifestRow
from components.image_example_gen.part import planned
from components.image_example_gen.plan import Plan, Task
from components.image_example_gen.pseudonym import Pseudonymizer
from components.image_example_gen.row_ingest import RowIngest
from components.image_example_gen.settings import IngestSettings
from components.image_example_gen.shard import write_shard
from components.image_example_gen.shard_step import WriteShard
from models.features import SPLITS
from pipeline.beam_arguments import IN_PROCESS
from pipeline.reasons import Reason

EXAMPLE = b"an example without pixels"
READ = 200_000  # rows
PATIENTS = 1_000_000  # at most, of the rows that are made up
TOLD_EVERY = 0.05  # share of the rows


class RowsWithoutPixels(RowIngest):
    """Accounts for a row as if its image had been read."""

    def ingest(self, row: ManifestRow, refused: Reason | None = None) -> tuple[RowAccount, bytes | None]:
        """Return keys and split as they are, and made-up digests; a row that is refused is so as ever."""
        if refused is not None:
            return super().ingest(row, refused)
        account = self._keys(row)
        return replace(account, pixels_sha256=account.file * 2, difference_hash=account.file[:16]), EXAMPLE


class WriteWithoutPixels(WriteShard):
    """Writes shards of such rows."""

    def row_ingest(self, reader: ImageReader) -> RowIngest:
        """Return what needs no image file."""
        return RowsWithoutPixels(**vars(super().row_ingest(reader)))

    def process(self, task: Task) -> Iterator[int]:
        """Write a shard, of the manifest's rows or of made-up ones."""
        plan = self.plans[task.plan]
        if task.shard * plan.shard_rows < READ:
            yield from super().process(task)
            return
        rows = plan.planned(task.shard)["row"].tolist()
        write_shard(plan.work, plan.shard(task.shard), [(made_up(row), EXAMPLE) for row in rows])
        self.done += len(rows)
        progress.report(self.done, self.total, "images")
        yield task.shard


def made_up(row: int) -> RowAccount:
    """Return an account as large as a real one."""
    patient = row % PATIENTS
    split = SPLITS[patient % len(SPLITS)]
    return RowAccount(
        row, f"{row:032x}", f"{patient:032x}", split, CLASSES[0], pixels_sha256=f"{row:064x}", difference_hash=f"{row:016x}"
    )


class MeasuredExecutor(Executor):
    """Ends a phase where planning, and where writing ends."""

    phases: Phases

    @property
    def step(self) -> type[WriteShard]:
        """The step without pixels."""
        return WriteWithoutPixels

    def _write_missing(self, plans: Sequence[Plan], settings: IngestSettings, *, taken: int) -> None:
        self.phases.end("plan")
        super()._write_missing(plans, settings, taken=taken)
        self.phases.end("write")


def ingest(manifest: Path, folder: Path, shard_rows: int) -> dict[str, Any]:
    """Ingest a manifest into an empty folder; return its counts, and seconds and peak memory by phase."""
    key = secrets.token_bytes(32)
    (folder / "key").write_text(key.hex())
    key_id, key_file = Pseudonymizer(key).key_id, str(folder / "key")
    settings = IngestSettings(classes=CLASSES, key_id=key_id, key_file=key_file, shard_rows=shard_rows, slices=("site",))
    outputs: dict[str, list[Artifact]] = {EXAMPLES: [standard_artifacts.Examples()], ACCOUNT: [IngestAccount()]}
    for name, (artifact,) in outputs.items():
        artifact.uri = str(folder / name)
        Path(artifact.uri).mkdir()
    executor = MeasuredExecutor(BaseBeamExecutor.Context(beam_pipeline_args=IN_PROCESS))
    executor.phases = phases = Phases()
    part = planned(manifest, None, patient="column", slices=settings.slices)
    phases.end("look at files")
    properties = {
        "manifest": str(manifest),
        "manifest_sha256": part.sha256,
        "files_stamp": part.files_stamp,
        "settings": settings.to_json(),
        "work_dir": str(folder / "work"),
    }
    executor.Do({}, outputs, properties)
    phases.end("gather")
    account = read_account(folder / ACCOUNT)
    counts = {name: account[name] for name in ("rows", "examples", "patients")}
    return {**counts, "at_start": phases.memory, "peak_memory": phases.peak_memory, "seconds": phases.seconds}


def tell_progress() -> None:
    """Print how many rows are written, now and then."""
    told = 0

    def listener(done: int, total: int, unit: str) -> None:  # noqa: ARG001 - the signature is the listener's
        nonlocal told
        if done - told >= total * TOLD_EVERY or done == total:
            told = done
            print(f"{done:,} of {total:,} rows", file=sys.stderr, flush=True)

    progress.listen(listener)


def main() -> None:
    """Ingest and print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("manifest", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--shard-rows", type=int, default=64)
    wanted = parser.parse_args()
    tell_progress()
    print(json.dumps(ingest(wanted.manifest, wanted.folder, wanted.shard_rows)))


if __name__ == "__main__":
    main()
