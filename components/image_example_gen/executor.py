"""Runs an ingest: cuts the manifest into shards, has Beam write those that are missing, publishes examples and account."""

import hashlib
import json
import logging
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import apache_beam as beam
import tensorflow as tf
from tfx.components.util import examples_utils
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.proto import example_gen_pb2
from tfx.types import Artifact, artifact_utils

from components import progress
from components.image_example_gen.account import QUARANTINED, RUN_ID, RowAccount, write_account
from components.image_example_gen.exclusion import exclusion_digest, read_exclusions
from components.image_example_gen.guarded_worker import GuardedRenderer
from components.image_example_gen.image_reader import ImageReader, decoding_threads
from components.image_example_gen.manifest import ManifestRow, digest, read_manifest
from components.image_example_gen.pseudonym import Pseudonymizer, load_key
from components.image_example_gen.row_ingest import RowIngest
from components.image_example_gen.settings import IngestSettings
from components.image_example_gen.shard import (
    AHEAD,
    Shard,
    content_sha256,
    cut_shards,
    examples_file,
    in_order,
    is_done,
    read_accounts,
    split_folder,
    write_shard,
)
from models.features import SPLITS
from pipeline.errors import ConfigError

EXAMPLES, ACCOUNT = "examples", "account"
MANIFEST, MANIFEST_SHA256, FILES_STAMP = "manifest", "manifest_sha256", "files_stamp"
SETTINGS, WORK_DIR = "settings", "work_dir"
INDEXED = "indexed"  # JSON of what became of the source's files, '' for a manifest that `index` did not write
CONTENT_SHA256 = "content_sha256"  # custom property of the examples: equal for equal examples
WORK_PREFIX = "ingest-"

logger = logging.getLogger(__name__)


class Executor(BaseBeamExecutor):
    """Executor of ImageExampleGen."""

    def Do(
        self,
        input_dict: dict[str, list[Artifact]],  # noqa: ARG002 - the signature is TFX's
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Write the examples and the account of the manifest.

        Raises:
            ConfigError: when the manifest, its columns or the pseudonym key are not as the run was planned.
        """
        settings = IngestSettings.from_json(exec_properties[SETTINGS])
        manifest = Path(exec_properties[MANIFEST])
        rows = planned_rows(manifest, exec_properties[MANIFEST_SHA256], settings)
        exclusions_of(settings, pseudonymizer_of(settings))  # a wrong key is told before any work, not from within Beam
        work = work_folder(exec_properties)
        shards = cut_shards(rows, settings.split_seed, settings.shard_rows)
        self._write_missing(shards, WriteShard(settings, manifest.parent, work=work, total=len(rows)))
        accounts = sorted(read_accounts(work, shards), key=lambda account: account.row)
        log_quarantine(accounts)
        examples = artifact_utils.get_single_instance(output_dict[EXAMPLES])
        publish_examples(work, shards, Path(examples.uri))
        describe_examples(examples, content_sha256(work, shards))
        account = artifact_utils.get_single_instance(output_dict[ACCOUNT])
        account.set_string_custom_property(RUN_ID, (self._context and self._context.pipeline_run_id) or "")
        write_account(
            Path(account.uri),
            accounts,
            settings=settings,
            manifest_sha256=exec_properties[MANIFEST_SHA256],
            indexed=json.loads(exec_properties.get(INDEXED) or "null"),
        )
        shutil.rmtree(work)

    def _write_missing(self, shards: Sequence[Shard], write: "WriteShard") -> None:
        missing = [shard for shard in shards if not is_done(write.work, shard)]
        if len(missing) < len(shards):
            logger.info("%d of %d shards are there from an earlier attempt", len(shards) - len(missing), len(shards))
        if not missing:
            return
        write.done = write.total - sum(len(shard.rows) for shard in missing)
        with self._make_beam_pipeline() as pipeline:
            _ = pipeline | "Shards" >> beam.Create(missing) | "Write" >> beam.ParDo(write)


class WriteShard(beam.DoFn):
    """Writes a shard's files and yields its index; no pixel leaves the step."""

    def __init__(self, settings: IngestSettings, folder: Path, *, work: Path, total: int) -> None:
        """Keep what every worker needs.

        Args:
            settings: of the run.
            folder: that relative paths of the manifest start from.
            work: folder that the shards are written in.
            total: rows of the manifest.
        """
        super().__init__()
        self.settings = settings
        self.folder = folder
        self.work = work
        self.total = total
        self.done = 0

    def setup(self) -> None:
        """Read key and list where the work is done: they must not travel with the pipeline."""
        self._renderer = GuardedRenderer(self.settings.rendering, self.settings.limits)
        reader = ImageReader(self.settings.canonical, self.settings.limits, self._renderer)
        pseudonymizer = pseudonymizer_of(self.settings)
        excluded = exclusions_of(self.settings, pseudonymizer)
        self._rows = RowIngest(self.settings, self.folder, pseudonymizer, reader, excluded)
        self._threads = decoding_threads()
        self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="ingest")

    def process(self, shard: Shard) -> Iterator[int]:
        """Decode the rows of a shard side by side and write them in order."""

        def ingest(row: ManifestRow) -> tuple[RowAccount, bytes | None]:
            return self._rows.ingest(row, shard.refused.get(row.row))

        write_shard(self.work, shard, in_order(self._pool, ingest, shard.rows, ahead=AHEAD * self._threads))
        self.done += len(shard.rows)
        progress.report(self.done, self.total, "images")
        yield shard.index

    def teardown(self) -> None:
        """End the threads, then the processes that they rendered in."""
        self._pool.shutdown(cancel_futures=True)
        self._renderer.close()


def planned_rows(manifest: Path, sha256: str, settings: IngestSettings) -> tuple[ManifestRow, ...]:
    """Return the rows of the manifest that the run was planned with.

    Raises:
        ConfigError: when it has changed since, or its form is wrong.
    """
    if digest(manifest) != sha256:
        raise ConfigError(f"manifest {manifest}: changed after the run began; expected SHA-256 {sha256[:12]}... Run again.")
    return read_manifest(manifest, patient=settings.patient, slices=settings.slices)


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


def work_folder(exec_properties: Mapping[str, Any]) -> Path:
    """Return the folder for the shards of these inputs: the same for a run that continues, another for other inputs."""
    inputs = {name: value for name, value in exec_properties.items() if name not in (WORK_DIR, INDEXED)}
    text = json.dumps([inputs, tf.__version__], sort_keys=True, default=str)
    return Path(exec_properties[WORK_DIR]) / f"{WORK_PREFIX}{hashlib.sha256(text.encode()).hexdigest()[:16]}"


def publish_examples(work: Path, shards: Sequence[Shard], uri: Path) -> None:
    """Give the shards' files their place in the artifact; an earlier attempt's files there are replaced."""
    for split in SPLITS:
        target = split_folder(uri, split)
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir(parents=True)
        for shard in shards:
            source = examples_file(work, split, shard)
            link_or_copy(source, target / source.name)


def link_or_copy(source: Path, target: Path) -> None:
    """Let `target` be the same file, or a copy where the file system has no hard links or is another one.

    A link rather than a rename: killed in between, everything is still in its old place.
    """
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def describe_examples(examples: Artifact, sha256: str) -> None:
    """Set the properties by which TFX's components read the artifact, and the digest of its content."""
    examples.split_names = artifact_utils.encode_split_names(list(SPLITS))
    examples_utils.set_payload_format(examples, example_gen_pb2.PayloadFormat.FORMAT_TF_EXAMPLE)
    examples.set_string_custom_property(CONTENT_SHA256, sha256)


def log_quarantine(accounts: Sequence[RowAccount]) -> None:
    """Name each quarantined row by number and key."""
    for account in accounts:
        if account.status == QUARANTINED:
            logger.warning("row %d, file %s...: %s", account.row, account.file[:12], account.reason)
