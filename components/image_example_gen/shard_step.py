"""What Beam's workers run: they load this module and what it names, and none of TFX."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import apache_beam as beam

from components import progress
from components.image_example_gen.account import RowAccount
from components.image_example_gen.exclusion import exclusion_digest, read_exclusions
from components.image_example_gen.guarded_worker import GuardedRenderer
from components.image_example_gen.image_reader import ImageReader, decoding_threads
from components.image_example_gen.manifest import ManifestRow
from components.image_example_gen.plan import Plan, Task
from components.image_example_gen.pseudonym import Pseudonymizer, load_key
from components.image_example_gen.row_ingest import RowIngest
from components.image_example_gen.settings import IngestSettings
from components.image_example_gen.shard import AHEAD, in_order, write_shard
from pipeline.errors import ConfigError
from pipeline.reasons import Reason


class WriteShard(beam.DoFn):
    """Writes a shard's files and yields its index; no pixel leaves the step."""

    def __init__(self, settings: IngestSettings, plans: Sequence[Plan], *, total: int, done: int = 0) -> None:
        """Keep what every worker needs.

        Args:
            settings: of the run.
            plans: that tasks name by position.
            total: rows of all manifests.
            done: rows whose shards are there already.
        """
        super().__init__()
        self.settings = settings
        self.plans = plans
        self.total = total
        self.done = done

    def setup(self) -> None:
        """Read key and list where the work is done: they must not travel with the pipeline."""
        self._renderer = GuardedRenderer(self.settings.rendering, self.settings.limits)
        self._rows = self.row_ingest(ImageReader(self.settings.canonical, self.settings.limits, self._renderer))
        self._threads = decoding_threads()
        self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="ingest")

    def row_ingest(self, reader: ImageReader) -> RowIngest:
        """Return what turns a row into an example."""
        pseudonymizer = pseudonymizer_of(self.settings)
        return RowIngest(self.settings, Path(), pseudonymizer, reader, exclusions_of(self.settings, pseudonymizer))

    def process(self, task: Task) -> Iterator[int]:
        """Decode the rows of a shard side by side and write them in order."""
        plan = self.plans[task.plan]
        rows = replace(self._rows, folder=plan.part.manifest.parent)
        planned = plan.manifest_rows(task.shard, self.settings, rows.pseudonymizer)

        def ingest(planned: tuple[ManifestRow, Reason | None]) -> tuple[RowAccount, bytes | None]:
            return rows.ingest(*planned)

        write_shard(plan.work, plan.shard(task.shard), in_order(self._pool, ingest, planned, ahead=AHEAD * self._threads))
        self.done += len(planned)
        progress.report(self.done, self.total, "images")
        yield task.shard

    def teardown(self) -> None:
        """End the threads, then the processes that they rendered in."""
        self._pool.shutdown(cancel_futures=True)
        self._renderer.close()


def pseudonymizer_of(settings: IngestSettings) -> Pseudonymizer:
    """Return the pseudonymizer with the key that the run was planned with.

    Raises:
        ConfigError: when there is no key or another one.
    """
    pseudonymizer = Pseudonymizer(load_key(settings.key_file))
    if pseudonymizer.key_id != settings.key_id:
        raise ConfigError(f"pseudonym key: id is {pseudonymizer.key_id}; the run was planned with {settings.key_id}. Run again.")
    return pseudonymizer


def exclusions_of(settings: IngestSettings, pseudonymizer: Pseudonymizer) -> frozenset[str]:
    """Return the patients to leave out that the run was planned with.

    Raises:
        ConfigError: when the list can't be read or has changed since.
    """
    excluded = read_exclusions(Path(settings.exclude_file) if settings.exclude_file else None)
    if exclusion_digest(excluded, pseudonymizer) != settings.exclude_digest:
        raise ConfigError(f"data.exclude: {settings.exclude_file}: changed after the run began. Run again.")
    return excluded
