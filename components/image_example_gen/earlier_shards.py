"""Finished shards of earlier runs: a span whose images, settings and code are the same is not decoded again.

Beside its account an ingest notes which shards its examples are made of. The next one links those that it would write the same,
out of the earlier artifact: no byte lies there twice, and what was deleted or rewritten since is not taken.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from components.image_example_gen.account import RowAccount, read_rows
from components.image_example_gen.plan import Plan, missing
from components.image_example_gen.publishing import link_or_copy, touched
from components.image_example_gen.shard import Shard, examples_file, mark_done, written_files
from models.features import SPLITS

SHARDS_FILE = "shards.json"


def note_shards(account: Path, plans: Sequence[Plan], *, left_out: Collection[int]) -> None:
    """Write which shards an ingest's examples are made of; one that lacks rows of its manifest is no use to a later run."""
    noted = {
        plan.work.name: {
            shard.suffix: {"files": written_files(plan.work, shard), "rows": plan.planned(shard.index)["row"].tolist()}
            for shard in plan.shards()
            if not touched(plan, shard, left_out)
        }
        for plan in plans
    }
    (account / SHARDS_FILE).write_text(json.dumps(noted), encoding="utf-8")


def take_up(plans: Sequence[Plan], account: Path, examples: Path) -> int:
    """Put shards of earlier runs into the plans' work folders and return how many.

    Args:
        plans: of this run.
        account, examples: folders of this run's artifacts; those of earlier runs lie beside them.
    """
    taken = 0
    for earlier in _newest_first(account):
        tasks = [(plans[task.plan].work, plans[task.plan].shard(task.shard)) for task in missing(plans)]
        if not tasks:
            break
        noted = _noted(earlier)
        fitting = [(work, shard) for work, shard in tasks if shard.suffix in noted.get(work.name, {})]
        rows = _rows(earlier) if fitting else {}
        for work, shard in fitting:
            entry = noted[work.name][shard.suffix]
            taken += _taken(work, shard, examples.with_name(earlier.name), entry=entry, rows=rows)
    return taken


def _newest_first(account: Path) -> Iterator[Path]:
    """Yield the account folders of earlier executions."""
    beside = [folder for folder in account.parent.iterdir() if folder.name.isdigit() and folder.name != account.name]
    yield from sorted(beside, key=lambda folder: -int(folder.name))


def _noted(account: Path) -> Mapping[str, Any]:
    """Return what `note_shards` wrote; nothing where it did not come to that."""
    try:
        noted = json.loads((account / SHARDS_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return noted if isinstance(noted, dict) else {}


def _rows(account: Path) -> Mapping[int, RowAccount]:
    """Return an account's rows by number; none where they are gone."""
    try:
        return {row.row: row for row in read_rows(account)}
    except (OSError, ValueError):
        return {}


def _taken(work: Path, shard: Shard, examples: Path, *, entry: Mapping[str, Any], rows: Mapping[int, RowAccount]) -> bool:
    """Link a shard's files into the work folder; return False, and take nothing, where a file or a row is not as it was noted."""
    files, sources = entry["files"], {split: examples_file(examples, split, shard) for split in SPLITS}
    whole = all(source.is_file() and source.stat().st_size == files[split]["bytes"] for split, source in sources.items())
    if not whole or any(row not in rows for row in entry["rows"]):
        return False
    for split, source in sources.items():
        target = examples_file(work, split, shard)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        link_or_copy(source, target)
    mark_done(work, shard, files=files, rows=[rows[row] for row in entry["rows"]])
    return True
