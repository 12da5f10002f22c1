"""Whether enough of the manifest became examples, and every class is in every split."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from components.blessing import Finding
from components.data_gate.leakage import LISTED
from components.image_example_gen.account import QUARANTINED, RowAccount
from components.image_example_gen.account_sums import account_sums

Account = Mapping[str, Any]


def judge_quarantine(account: Account, rows: Sequence[RowAccount], *, most: float) -> Finding:
    """Return the finding on rows that gave no example; `most` is the share that is allowed."""
    reasons: Mapping[str, int] = account["quarantined"]
    lost, total = sum(reasons.values()), account["rows"]
    share = lost / total if total else 0.0
    by_reason = ", ".join(f"{count} {reason}" for reason, count in sorted(reasons.items()))
    return Finding(
        rule="data.max_quarantined",
        subject="quarantined rows",
        expected=f"at most {most:.2%} of {total} rows",
        found=f"{lost} rows ({share:.2%})" + (f": {by_reason}" if by_reason else ""),
        refuses=share > most,
        rows=tuple(row.row for row in rows if row.status == QUARANTINED)[:LISTED],
        advice="Repair or remove these files, or raise data.max_quarantined." if share > most else "",
    )


def judge_sums(account: Account) -> list[Finding]:
    """Return a finding per sum that does not add up, or one that shows them; a file or row that is nowhere is a refusal."""
    sums = account_sums(account)
    advice = "Index again; if it stays so, report it."
    wrong = [
        Finding("data.account", "sums of the account", item.left, item.right, advice=advice) for item in sums if not item.holds
    ]
    shown = "; ".join(f"{item.left} = {item.right}" for item in sums)
    return wrong or [Finding("data.account", "sums of the account", "every file and row counted once", shown, refuses=False)]


def judge_classes(account: Account, classes: Sequence[str]) -> list[Finding]:
    """Return a finding per class and split without an image, or one that says that there is none."""
    advice = (
        f"The split follows from data.split_seed {account['split_seed']!r} and data.fractions {_fractions(account)}. "
        "Add patients, change data.fractions, or say each row's split in the manifest's column `split`."
    )
    missing = [
        Finding("data.classes", f"class {name} in {split}", "at least 1 image", "no image", advice=advice)
        for split, counts in account["splits"].items()
        for name in classes
        if not counts["classes"].get(name)
    ]
    found = f"{len(classes)} classes in {len(account['splits'])} splits"
    return missing or [Finding("data.classes", "classes in every split", "at least 1 image each", found, refuses=False)]


def judge_counts(account: Account, measured: Mapping[str, int]) -> Iterator[Finding]:
    """Yield findings where the statistics are not about the examples that the account tells of.

    Args:
        account: content of account.json.
        measured: split -> examples that the statistics saw.
    """
    for split, counts in account["splits"].items():
        images, seen = counts["images"], measured.get(split, 0)
        if images != seen:
            yield Finding("statistics", f"examples in {split}", f"{images}, as ingested", f"{seen}")


def _fractions(account: Account) -> str:
    return ", ".join(f"{split} {share:g}" for split, share in account["fractions"].items())
