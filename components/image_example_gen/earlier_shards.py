"""Finished shards of earlier runs: a span whose images, settings and code are the same is not decoded again.

Beside its account an ingest notes which shards its examples are made of. The next one links those that it would write the same,
out of the earlier artifact: no byte lies there twice, and what was deleted or rewritten since is not taken.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from components.image_example_gen.account import ROW_DIGITS, RowAccount, iterate_rows, parsed_row
from components.image_example_gen.plan import Plan, missing
from components.image_example_gen.publishing import link_or_copy
from components.image_example_gen.shard import Files, Shard, examples_file, mark_done, written_files
from components.image_example_gen.sorted_lines import SortedLines
from models.features import SPLITS

SHARDS_FILE = "shards.jsonl"


def note_shards(account: Path, plans: Sequence[Plan], *, left_out: Set[int]) -> None:
    """Write which shards an ingest's examples are made of, a line each.

    One that lacks rows of its manifest is no use to a later run.
    """
    with (account / SHARDS_FILE).open("w", encoding="ascii") as file:
        for plan in plans:
            for shard in plan.shards():
                rows = plan.planned(shard.index)["row"].tolist()
                if left_out.isdisjoint(rows):
                    file.write(json.dumps([plan.work.name, shard.suffix, written_files(plan.work, shard), rows]) + "\n")


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
        wanted = {(work.name, shard.suffix): (work, shard) for work, shard in tasks}
        taken += _take_from(earlier, examples.with_name(earlier.name), wanted)
    return taken


def _newest_first(account: Path) -> Iterator[Path]:
    """Yield the account folders of earlier executions."""
    beside = [folder for folder in account.parent.iterdir() if folder.name.isdigit() and folder.name != account.name]
    yield from sorted(beside, key=lambda folder: -int(folder.name))


def _take_from(account: Path, examples: Path, wanted: Mapping[tuple[str, str], tuple[Path, Shard]]) -> int:
    """Link those shards of an earlier run that are wanted and still as they were noted; return how many.

    Args:
        account, examples: folders of its artifacts.
        wanted: names of the work folder and the shard -> both.
    """
    folder = next(iter(wanted.values()))[0]
    places = SortedLines(folder)  # row, position of the shard in the note, position of the row in the shard
    for number, noted in enumerate(_noted(account)):
        if noted.key in wanted and noted.is_whole(examples, wanted[noted.key][1]):
            for position, row in enumerate(noted.rows):
                places.add(f"{row:0{ROW_DIGITS}d} {number:010d} {position:010d}")
    rows = SortedLines(folder)
    for place, row_account in _found(account, places):
        rows.add(f"{place} {json.dumps(vars(row_account))}")
    numbered, taken = enumerate(_noted(account)), 0
    for number, lines in groupby(rows, key=lambda line: int(line.split(" ", 1)[0])):
        noted = next(noted for position, noted in numbered if position == number)
        accounts = [parsed_row(line.split(" ", 2)[2]) for line in lines]
        if len(accounts) == len(noted.rows):
            _link(*wanted[noted.key], examples, files=noted.files, rows=accounts)
            taken += 1
    return taken


class Noted(NamedTuple):
    """A line that `note_shards` wrote.

    Args:
        work: name of the work folder.
        suffix: of the shard.
        files: of it.
        rows: their numbers, in the order of the accounts.
    """

    work: str
    suffix: str
    files: Files
    rows: list[int]

    @property
    def key(self) -> tuple[str, str]:
        """What tells the shard from all others."""
        return self.work, self.suffix

    def is_whole(self, examples: Path, shard: Shard) -> bool:
        """Tell whether the files are there as they were noted."""
        sources = {split: examples_file(examples, split, shard) for split in SPLITS}
        return all(source.is_file() and source.stat().st_size == self.files[split]["bytes"] for split, source in sources.items())


def _noted(account: Path) -> Iterator[Noted]:
    """Yield what `note_shards` wrote; nothing where it did not come to that."""
    try:
        with (account / SHARDS_FILE).open(encoding="ascii") as lines:
            for line in lines:
                yield Noted(*json.loads(line))
    except (OSError, ValueError, TypeError):
        return


def _found(account: Path, places: Iterable[str]) -> Iterator[tuple[str, RowAccount]]:
    """Yield the rest of each line and the account of the row that it begins with; nothing for rows that are gone."""
    try:
        rows = iterate_rows(account)
        row = next(rows, None)
        for line in places:
            number, place = line.rstrip().split(" ", 1)
            while row is not None and row.row < int(number):
                row = next(rows, None)
            if row is not None and row.row == int(number):
                yield place, row
    except (OSError, ValueError):
        return


def _link(work: Path, shard: Shard, examples: Path, *, files: Files, rows: Sequence[RowAccount]) -> None:
    """Link a shard's files into the work folder and mark it as done."""
    for split in SPLITS:
        target = examples_file(work, split, shard)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        link_or_copy(examples_file(examples, split, shard), target)
    mark_done(work, shard, files=files, rows=rows)
