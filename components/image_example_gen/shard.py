"""Shards: cut from the manifest before a pixel is read, written one by one, each whole or absent.

A shard has a TFRecord file per split and an account, written last: an account whose files are there says that the shard is done,
so a killed ingest goes on where it stopped.
"""

import hashlib
import json
import secrets
import shutil
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import tensorflow as tf

from components.image_example_gen.account import RowAccount
from models.features import SPLITS

Task = TypeVar("Task")
Result = TypeVar("Result")
Ingested = tuple[RowAccount, bytes | None]
Files = Mapping[str, Mapping[str, Any]]  # split -> {"bytes": size, "sha256": of the examples}
AHEAD = 4  # rows per thread that may be decoded and wait for their turn


@dataclass(frozen=True)
class Shard:
    """Some rows of a manifest that are ingested together; plan.Plan tells which.

    Args:
        index: of the shard, from 0.
        count: of shards.
        span: that the manifest belongs to.
    """

    index: int
    count: int
    span: int | None = None

    @property
    def suffix(self) -> str:
        """'00003-of-00016', of span 12 'span-00000012-00003-of-00016': names sort as spans do."""
        place = f"{self.index:05d}-of-{self.count:05d}"
        return place if self.span is None else f"span-{self.span:08d}-{place}"


def split_folder(folder: Path, split: str) -> Path:
    """Return the folder of a split's files, named as TFX does."""
    return folder / f"Split-{split}"


def examples_file(folder: Path, split: str, shard: Shard) -> Path:
    """Return the TFRecord file of a shard and split."""
    return split_folder(folder, split) / f"data_tfrecord-{shard.suffix}"


def account_file(folder: Path, shard: Shard) -> Path:
    """Return the file that says that a shard is done."""
    return folder / f"shard-{shard.suffix}.json"


def write_shard(folder: Path, shard: Shard, ingested: Iterable[Ingested]) -> None:
    """Write a shard's files in a place of this attempt alone, rename them, then write its account.

    Several attempts may be at one shard at once, as a cluster starts a slow task or a lost pod a second time. All write the same
    bytes, so it does not matter whose files stay. The first that ends sweeps what the others have begun, at whatever point they
    are: one that finds its files gone has nothing left to do.
    """
    try:
        _write_attempt(folder, shard, ingested)
    except (FileNotFoundError, tf.errors.NotFoundError):
        if not is_done(folder, shard):
            raise


def _write_attempt(folder: Path, shard: Shard, ingested: Iterable[Ingested]) -> None:
    attempt = _attempt(folder, shard)
    accounts, digests = _write_records(attempt, ingested)
    paths = {split: examples_file(folder, split, shard) for split in SPLITS}
    for split, path in paths.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        (attempt / split).rename(path)
    files = {split: {"bytes": path.stat().st_size, "sha256": digests[split]} for split, path in paths.items()}
    mark_done(folder, shard, files=files, rows=accounts)


def _write_records(attempt: Path, ingested: Iterable[Ingested]) -> tuple[list[RowAccount], dict[str, str]]:
    """Write a TFRecord file per split; return the accounts of the rows, and the digest of the examples by split."""
    accounts: list[RowAccount] = []
    hashes = {split: hashlib.sha256() for split in SPLITS}
    with ExitStack() as stack:
        writers = {split: stack.enter_context(tf.io.TFRecordWriter(str(attempt / split))) for split in SPLITS}
        for account, example in ingested:
            accounts.append(account)
            if example is not None and account.split is not None:
                writers[account.split].write(example)
                hashes[account.split].update(example)
    return accounts, {split: its.hexdigest() for split, its in hashes.items()}


def mark_done(folder: Path, shard: Shard, *, files: Files, rows: Sequence[RowAccount]) -> None:
    """Write the account of a shard whose files are in their place: it says that the shard is done.

    What other attempts, killed or still at it, have begun is removed.
    """
    begun = _attempt(folder, shard) / "account"
    begun.write_text(json.dumps({"files": files, "rows": [list(vars(row).values()) for row in rows]}))
    begun.rename(account_file(folder, shard))
    shutil.rmtree(_attempts(folder, shard), ignore_errors=True)


def _attempts(folder: Path, shard: Shard) -> Path:
    """Return the folder of what attempts at a shard have begun: one a shard, as a sweep must not look at those of all."""
    return folder / f".shard-{shard.suffix}.part"


def _attempt(folder: Path, shard: Shard) -> Path:
    """Make an empty folder for one attempt."""
    attempt = _attempts(folder, shard) / secrets.token_hex(8)
    attempt.mkdir(parents=True)
    return attempt


def is_done(folder: Path, shard: Shard) -> bool:
    """Tell whether a shard is written in full."""
    try:
        files = _content(folder, shard)["files"]
        return all(examples_file(folder, split, shard).stat().st_size == files[split]["bytes"] for split in SPLITS)
    except (OSError, ValueError, KeyError):  # absent, cut short or of another make: written again
        return False


def read_accounts(folder: Path, shards: Iterable[Shard]) -> Iterator[RowAccount]:
    """Yield the accounts of the rows of shards that are done."""
    for shard in shards:
        yield from (RowAccount(*row) for row in _content(folder, shard)["rows"])


def written_files(folder: Path, shard: Shard) -> Files:
    """Return size and digest of the files of a shard that is done."""
    files: Files = _content(folder, shard)["files"]
    return files


def _content(folder: Path, shard: Shard) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(account_file(folder, shard).read_text())
    return content


def in_order(pool: Executor, function: Callable[[Task], Result], tasks: Iterable[Task], *, ahead: int) -> Iterator[Result]:
    """Yield function(task) in the order of the tasks, worked on in the pool, at most `ahead` beyond the one being yielded."""
    pending: deque[Future[Result]] = deque()
    try:
        for task in tasks:
            pending.append(pool.submit(function, task))
            if len(pending) > ahead:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        for future in pending:
            future.cancel()
