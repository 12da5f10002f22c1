"""Whether the manifest contradicts itself: one image with two labels, or one file of two patients.

Equal pixels in two files of two patients are no contradiction here: across splits `data.allowed_repeats` judges them.
"""

from collections import defaultdict
from collections.abc import Sequence

from components.blessing import Finding
from components.data_gate.leakage import LISTED
from components.image_example_gen.account import RowAccount
from pipeline.reasons import Reason

CONTRADICTIONS = (Reason.CONFLICTING_LABELS, Reason.CONFLICTING_PATIENTS)


def judge_contradictions(rows: Sequence[RowAccount]) -> Finding:
    """Return the finding on contradicting rows, which no share makes acceptable.

    Args:
        rows: every row of the account: those that name one file twice, and examples with equal pixels and different labels.
    """
    named_twice = [row.row for row in rows if row.reason in CONTRADICTIONS]
    labelled_twice = [row.row for row in _with_two_labels(rows)]
    found = sorted({*named_twice, *labelled_twice})
    return Finding(
        rule="data.manifest",
        subject="images with two labels, files of two patients",
        expected="0 rows",
        found=f"{len(found)} rows",
        refuses=bool(found),
        rows=tuple(found[:LISTED]),
        advice="Keep the right row of each, or remove all of them." if found else "",
    )


def _with_two_labels(rows: Sequence[RowAccount]) -> list[RowAccount]:
    """Return the examples whose pixels stand there with another label too."""
    groups: defaultdict[str, list[RowAccount]] = defaultdict(list)
    for row in rows:
        if row.pixels_sha256 is not None:
            groups[row.pixels_sha256].append(row)
    return [row for group in groups.values() if len({row.label for row in group}) > 1 for row in group]
