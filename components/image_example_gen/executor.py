"""Runs an ingest: cuts the manifests into shards, has Beam write those that are missing, publishes examples and account."""

import hashlib
import json
import logging
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import apache_beam as beam
import deflate
import tensorflow as tf
from tfx.dsl.components.base.base_beam_executor import BaseBeamExecutor
from tfx.types import Artifact, artifact_utils

from components.image_example_gen.account import QUARANTINED, RUN_ID, RowAccount, iterate_rows, write_account
from components.image_example_gen.earlier_shards import note_shards, take_up
from components.image_example_gen.part import Part, from_json, unchanged_rows
from components.image_example_gen.plan import Plan, missing, write_plan
from components.image_example_gen.pseudonym import Pseudonymizer
from components.image_example_gen.publishing import describe_examples, publish_examples
from components.image_example_gen.row_number import row_name
from components.image_example_gen.sent_again import sent_again, without
from components.image_example_gen.settings import IngestSettings
from components.image_example_gen.shard import read_accounts
from components.image_example_gen.shard_step import WriteShard, exclusions_of, pseudonymizer_of

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
