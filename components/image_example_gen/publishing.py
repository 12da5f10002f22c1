"""From finished shards to the Examples artifact: links where a shard goes in as it is, a copy where rows of it are left out."""

import hashlib
import os
import shutil
from collections.abc import Iterator, Sequence, Set
from pathlib import Path

import tensorflow as tf
from tfx.components.util import examples_utils
from tfx.proto import example_gen_pb2
from tfx.types import Artifact, artifact_utils

from components.image_example_gen.account import EXAMPLE
from components.image_example_gen.plan import Plan
from components.image_example_gen.shard import Shard, examples_file, read_accounts, split_folder, written_files
from models.features import SPLITS

CONTENT_SHA256 = "content_sha256"  # custom property of the examples: equal for equal examples


def publish_examples(plans: Sequence[Plan], uri: Path, *, left_out: Set[int] = frozenset()) -> str:
    """Give the shards' files their place in the artifact and return the digest of its content, equal for equal examples.

    An earlier attempt's files there are replaced.

    Args:
        plans: whose shards are all done.
        uri: of the artifact.
        left_out: rows, by number, whose examples don't go in.
    """
    for split in SPLITS:
        shutil.rmtree(split_folder(uri, split), ignore_errors=True)
        split_folder(uri, split).mkdir(parents=True)
    content = hashlib.sha256()
    for plan in plans:
        for shard in plan.shards():
            for digest in _published(plan, shard, uri, left_out):
                content.update(digest.encode())
    return content.hexdigest()


def describe_examples(examples: Artifact, sha256: str, span: int | None) -> None:
    """Set the properties by which TFX's components read the artifact, the newest span, and the digest of its content."""
    examples.split_names = artifact_utils.encode_split_names(list(SPLITS))
    examples_utils.set_payload_format(examples, example_gen_pb2.PayloadFormat.FORMAT_TF_EXAMPLE)
    examples.set_string_custom_property(CONTENT_SHA256, sha256)
    if span is not None:
        examples.span = span


def _published(plan: Plan, shard: Shard, uri: Path, left_out: Set[int]) -> Iterator[str]:
    """Publish a shard's files and yield their digests in the order of the splits."""
    touched = bool(left_out) and not left_out.isdisjoint(plan.planned(shard.index)["row"].tolist())
    rows = list(read_accounts(plan.work, [shard])) if touched else None
    files = written_files(plan.work, shard)
    for split in SPLITS:
        source, target = examples_file(plan.work, split, shard), examples_file(uri, split, shard)
        if rows is None:
            link_or_copy(source, target)
            yield files[split]["sha256"]
        else:
            written = (row for row in rows if row.status == EXAMPLE and row.split == split)
            yield copy_records(source, target, [row.row not in left_out for row in written])


def copy_records(source: Path, target: Path, kept: Sequence[bool]) -> str:
    """Copy those records of a TFRecord file that are kept, in order, and return the digest of their bytes."""
    digest = hashlib.sha256()
    with tf.io.TFRecordWriter(str(target)) as writer:
        records = tf.data.TFRecordDataset(str(source)).as_numpy_iterator()
        for record, keep in zip(records, kept, strict=True):
            if keep:
                writer.write(record)
                digest.update(record)
    return digest.hexdigest()


def link_or_copy(source: Path, target: Path) -> None:
    """Let `target` be the same file, or a copy where the file system has no hard links or is another one.

    A link rather than a rename: killed in between, everything is still in its old place.
    """
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)
