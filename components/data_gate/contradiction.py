"""Whether the manifest contradicts itself: one image with two labels, or with two patients."""

from collections import defaultdict
from collections.abc import Sequence

from components.blessing import Finding
from components.data_gate.leakage import LISTED
from components.image_example_gen.account import RowAccount
from components.image_example_gen.quarantine import Reason

CONTRADICTIONS = (Reason.CONFLICTING_LABELS, Reason.CONFLICTING_PATIENTS)


def judge_contradictions(rows: Sequence[RowAccount], *, patient: str) -> Finding:
    """Return the finding on contradicting rows, which no share makes acceptable.

    Args:
        rows: every row of the account: those that name one file twice, and examples with equal pixels and different labels or
            patients.
        patient: data.patient; if 'unknown' every image counts as its own patient, and a repeat tells nothing about patients.
    """
    named_twice = [row.row for row in rows if row.reason in CONTRADICTIONS]
    repeats = _repeats(rows)
    labelled_twice = [row.row for group in repeats if len({row.label for row in group}) > 1 for row in group]
    shared = [row.row for group in repeats if len({row.patient for row in group}) > 1 for row in group]
    found = sorted({*named_twice, *labelled_twice, *(shared if patient == "column" else ())})
    return Finding(
        rule="data.manifest",
        subject="images with two labels or two patients",
        expected="0 rows",
        found=f"{len(found)} rows",
        refuses=bool(found),
        rows=tuple(found[:LISTED]),
        advice="Keep the right row of each, or remove all of them." if found else "",
    )


def _repeats(rows: Sequence[RowAccount]) -> list[list[RowAccount]]:
    """Return the examples by equal pixels."""
    groups: defaultdict[str, list[RowAccount]] = defaultdict(list)
    for row in rows:
        if row.pixels_sha256 is not None:
            groups[row.pixels_sha256].append(row)
    return list(groups.values())
