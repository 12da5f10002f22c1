"""Runs an ingest: cuts the manifests into shards, has Beam write those that are missing, publishes examples and account."""

import hashlib
import json
import logging
import shutil
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import apache_beam as beam
import deflate
import tensorflow as tf
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.types import Artifact, artifact_utils

from components import progress
from components.image_example_gen.account import QUARANTINED, RUN_ID, RowAccount, iterate_rows, write_account
from components.image_example_gen.earlier_shards import note_shards, take_up
from components.image_example_gen.exclusion import exclusion_digest, read_exclusions
from components.image_example_gen.guarded_worker import GuardedRenderer
from components.image_example_gen.image_reader import ImageReader, decoding_threads
from components.image_example_gen.manifest import ManifestRow
from components.image_example_gen.part import Part, from_json, unchanged_rows
from components.image_example_gen.plan import Plan, Task, missing, write_plan
from components.image_example_gen.pseudonym import Pseudonymizer, load_key
from components.image_example_gen.publishing import describe_examples, publish_examples
from components.image_example_gen.row_ingest import RowIngest
from components.image_example_gen.row_number import row_name
from components.image_example_gen.sent_again import sent_again, without
from components.image_example_gen.settings import IngestSettings
from components.image_example_gen.shard import AHEAD, in_order, read_accounts, write_shard
from pipeline.errors import ConfigError
from pipeline.reasons import Reason

EXAMPLES, ACCOUNT = "examples", "account"
MANIFEST, MANIFEST_SHA256, FILES_STAMP = "manifest", "manifest_sha256", "files_stamp"
SETTINGS, WORK_DIR = "settings", "work_dir"
INDEXED = "indexed"  # JSON of what became of the source's files, '' for a manifest that `index` did not write
SPANS = "spans"  # JSON of the window's manifests (part.py), '' for data that don't come in spans
NOT_OF_A_PART = (MANIFEST, MANIFEST_SHA256, FILES_STAMP, SPANS, WORK_DIR, INDEXED)
WORK_PREFIX = "ingest-"

logger = logging.getLogger(__name__)


class Executor(BaseBeamExecutor):
    """Executor of ImageExampleGen."""

    @property
    def step(self) -> "type[WriteShard]":
        """What Beam runs on each shard; a benchmark has one without pixels."""
        return WriteShard

    def Do(
        self,
        input_dict: dict[str, list[Artifact]],  # noqa: ARG002 - the signature is TFX's
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Write the examples and the account of the manifests.

        Raises:
            ConfigError: when the manifest, its columns or the pseudonym key are not as the run was planned.
        """
        settings = IngestSettings.from_json(exec_properties[SETTINGS])
        pseudonymizer = pseudonymizer_of(settings)  # a wrong key is told before any work, not from within Beam
        exclusions_of(settings, pseudonymizer)
        plans = [plan_of(part, exec_properties, settings, pseudonymizer) for part in parts_of(exec_properties)]
        examples = artifact_utils.get_single_instance(output_dict[EXAMPLES])
        account = artifact_utils.get_single_instance(output_dict[ACCOUNT])
        self._write_missing(plans, settings, taken=take_up(plans, Path(account.uri), Path(examples.uri)))
        left_out = left_out_of(plans, settings)
        sha256 = publish_examples(plans, Path(examples.uri), left_out=left_out)
        describe_examples(examples, sha256, plans[-1].part.span)
        account.set_string_custom_property(RUN_ID, (self._context and self._context.pipeline_run_id) or "")
        write_account(
            Path(account.uri),
            without(accounts_of(plans), left_out),
            settings=settings,
            manifest_sha256=exec_properties[MANIFEST_SHA256],
            indexed=json.loads(exec_properties.get(INDEXED) or "null"),
        )
        log_quarantine(Path(account.uri))
        note_shards(Path(account.uri), plans, left_out=left_out)
        for plan in plans:
            shutil.rmtree(plan.work)

    def _write_missing(self, plans: Sequence[Plan], settings: IngestSettings, *, taken: int) -> None:
        """Have Beam write the shards that are not there; `taken` of those that are come from earlier runs."""
        tasks, shards = missing(plans), sum(plan.count for plan in plans)
        there = shards - len(tasks)
        if there:
            logger.info("%d of %d shards are there already, %d of them from earlier runs", there, shards, taken)
        if not tasks:
            return
        total = sum(plan.rows for plan in plans)
        done = total - sum(plans[task.plan].size(task.shard) for task in tasks)
        write = self.step(settings, plans, total=total, done=done)
        with self._make_beam_pipeline() as pipeline:
            _ = pipeline | "Shards" >> beam.Create(tasks) | "Write" >> beam.ParDo(write)


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


def parts_of(exec_properties: Mapping[str, Any]) -> tuple[Part, ...]:
    """Return the manifests that the run was planned with: those of its spans, or the only one."""
    only = Part(
        Path(exec_properties[MANIFEST]),
        sha256=exec_properties[MANIFEST_SHA256],
        files_stamp=exec_properties.get(FILES_STAMP) or "",
    )
    return from_json(exec_properties.get(SPANS) or "") or (only,)


def plan_of(part: Part, exec_properties: Mapping[str, Any], settings: IngestSettings, pseudonymizer: Pseudonymizer) -> Plan:
    """Cut a part into shards.

    Raises:
        ConfigError: when its manifest has changed since the run was planned, or its form is wrong.
    """
    rows = unchanged_rows(part, patient=settings.patient, slices=settings.slices)
    work = work_folder(exec_properties, part)
    return write_plan(part, rows, work, settings=settings, pseudonymizer=pseudonymizer)


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


def work_folder(exec_properties: Mapping[str, Any], part: Part) -> Path:
    """Return the folder for the shards of a part: the same for a run that continues, another for other inputs.

    What the other spans of the window are does not count: a span's shards stay good as the window goes on.
    """
    inputs = {name: value for name, value in exec_properties.items() if name not in NOT_OF_A_PART}
    known = {"part": [str(part.manifest), part.span, part.sha256, part.files_stamp]}
    libraries = [tf.__version__, deflate.__version__]  # that the bytes of an example hang on
    text = json.dumps([inputs, known, libraries], sort_keys=True, default=str)
    return Path(exec_properties[WORK_DIR]) / f"{WORK_PREFIX}{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def accounts_of(plans: Sequence[Plan]) -> Iterator[RowAccount]:
    """Yield what became of every row, shard by shard."""
    for plan in plans:
        yield from read_accounts(plan.work, plan.shards())


def left_out_of(plans: Sequence[Plan], settings: IngestSettings) -> frozenset[int]:
    """Return the rows, by number, whose image came in an earlier span."""
    if len(plans) == 1:
        return frozenset()
    return sent_again(accounts_of(plans), plans[0].work, known_patients=settings.patient == "column")


def log_quarantine(account: Path) -> None:
    """Name each quarantined row by number and key."""
    for row in iterate_rows(account, holding=QUARANTINED):
        if row.status == QUARANTINED:
            logger.warning("%s, file %s...: %s", row_name(row.row), row.file[:12], row.reason)
