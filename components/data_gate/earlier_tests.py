"""The rules against earlier runs: nothing that an earlier accepted run was tested on may be learned from now.

Otherwise a model would be compared with one that was judged by images which the new one has seen.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.data_gate.leakage import judge_count
from components.data_gate.proof import Leak, Place, RuleProof
from components.image_example_gen.account import EXAMPLE, ROWS_FILE, RowAccount, parsed_row, read_account
from models.features import SPLITS

LEARNED, TEST = SPLITS[:2], SPLITS[2]
RULE = "earlier test splits"
RUNS = 3  # earlier runs that a text names at most
AWAY = (
    "Put these rows back into the split test (the earlier data.split_seed and column `split` do), remove them, "
    "or begin a new root: there no earlier result is left to compare with."
)

Key = Callable[[RowAccount], str | None]
Groups = Mapping[str, Sequence[RowAccount]]


@dataclass(frozen=True)
class EarlierTest:
    """The test split of an earlier run.

    Args:
        run: its id.
        key_id: of the pseudonym key.
        image: form of the canonical images; None where the account does not tell.
        patient: 'column' or 'unknown'.
        rows: that gave an example of the test split.
    """

    run: str
    key_id: str
    image: Mapping[str, Any] | None
    patient: str
    rows: tuple[RowAccount, ...]


def read_earlier_test(folder: Path, run: str) -> EarlierTest | None:
    """Return the test split that an account tells of; None where its files are gone or damaged."""
    try:
        account = read_account(folder)
        with (folder / ROWS_FILE).open(encoding="utf-8") as lines:
            # Most lines are of other splits: only those that may matter are parsed.
            rows = [parsed_row(line) for line in lines if f'"{TEST}"' in line]
        tested = tuple(row for row in rows if row.split == TEST and row.status == EXAMPLE)
        return EarlierTest(run, account["key_id"], account.get("image"), account["patient"], tested)
    except (OSError, ValueError, TypeError, KeyError):
        return None


def judge_earlier(
    examples: Sequence[RowAccount], today: Mapping[str, Any], earlier: Sequence[EarlierTest], *, allowed_repeats: int
) -> list[RuleProof]:
    """Return the rules on patients, studies and images of train and val that lie in an earlier test split.

    Args:
        examples: today's rows that gave an example.
        today: content of account.json.
        earlier: test splits of accepted runs.
        allowed_repeats: identical images that are accepted.
    """
    if not earlier:
        subject = "train and val against earlier test splits"
        return [RuleProof(RULE, subject, "nothing in both", "this is the first run whose data were accepted here", "holds")]
    learned = [row for row in examples if row.split in LEARNED]
    same_key = [test for test in earlier if test.key_id == today["key_id"]]
    with_patients = [test for test in same_key if test.patient == today["patient"] == "column"]
    same_form = [test for test in earlier if test.image == today["image"]]
    images = _rule("identical images", learned, same_form, key=lambda row: row.pixels_sha256)
    return [
        judge_count(_rule("patients", learned, with_patients, key=lambda row: row.patient), allowed=0),
        judge_count(_rule("studies", learned, same_key, key=lambda row: row.study), allowed=0),
        judge_count(images, allowed=allowed_repeats),
        *_without(earlier, same_key, lost="patients and studies", why="their pseudonym key is another"),
        *_without(earlier, same_form, lost="images", why="their canonical images have another form"),
    ]


def judge_unreadable(runs: Sequence[str]) -> list[RuleProof]:
    """Return a rule that says that the accounts of these earlier runs can't be read, or nothing."""
    return [_not_compared(runs, lost="nothing of it", why="their accounts are gone or damaged")] if runs else []


def _rule(things: str, learned: Sequence[RowAccount], earlier: Sequence[EarlierTest], *, key: Key) -> RuleProof:
    """Return a rule with its leaks, before it is decided how many are allowed."""
    subject = f"{things} of train and val in an earlier test split"
    today, then = _grouped(learned, key), [(test.run, _grouped(test.rows, key)) for test in earlier]
    compared = {"earlier test splits": len(earlier), things: len(today)}
    if not today or not any(groups for _, groups in then):
        return RuleProof(RULE, subject, "none", f"not compared: no {things} are known on both sides", "not_compared", compared)
    leaks = tuple(_shared(today, then))
    runs = sorted({place.run for leak in leaks for place in leak.places if place.run})
    found = f"{len(leaks)} {things}" + (f", tested on in {_named(runs)}" if runs else "")
    return RuleProof(RULE, subject, "none", found, "holds", compared, leaks, AWAY)


def _shared(today: Groups, then: Sequence[tuple[str, Groups]]) -> Iterator[Leak]:
    """Yield a leak per key of today that lies in an earlier test split: today's images, then those of each run."""
    for key, rows in today.items():
        places = [Place.of(row, run) for run, groups in then for row in groups.get(key, ())]
        if places:
            yield Leak(key, (*map(Place.of, rows), *places))


def _grouped(rows: Sequence[RowAccount], key: Key) -> Groups:
    groups: defaultdict[str, list[RowAccount]] = defaultdict(list)
    for row in rows:
        found = key(row)
        if found is not None:
            groups[found].append(row)
    return groups


def _without(earlier: Sequence[EarlierTest], kept: Sequence[EarlierTest], *, lost: str, why: str) -> Iterator[RuleProof]:
    """Yield a rule that says which earlier runs are not among `kept`."""
    runs = [test.run for test in earlier if test not in kept]
    if runs:
        yield _not_compared(runs, lost=lost, why=why)


def _not_compared(runs: Sequence[str], *, lost: str, why: str) -> RuleProof:
    return RuleProof(
        rule=RULE,
        subject=f"{lost} of train and val in an earlier test split",
        expected="every earlier test split compared",
        found=f"{lost} not compared with {_named(runs)}: {why}",
        verdict="not_compared",
        compared={"earlier test splits": len(runs)},
        advice="Independence of these test splits is not proven.",
    )


def _named(runs: Sequence[str]) -> str:
    """Return 'run a, run b and 3 more'."""
    more = len(runs) - RUNS
    return ", ".join(f"run {run}" for run in runs[:RUNS]) + (f" and {more} more" if more > 0 else "")
