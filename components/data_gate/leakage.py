"""The proof that the splits share neither patients nor images."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from components.blessing import Finding
from components.image_example_gen.account import RowAccount

LISTED = 20  # rows that a finding names at most


def judge_patients(examples: Sequence[RowAccount], *, patient: str) -> Finding:
    """Return the finding on patients in more than one split.

    Args:
        examples: rows that gave an example.
        patient: 'column', or 'unknown' where every image counts as its own patient.
    """
    expected = "every patient in one split"
    if patient == "unknown":
        found = "patient independence not proven: without patient ids every image counts as its own patient"
        return Finding("data.patient", "patients across splits", expected, found, refuses=False)
    shared = _in_several_splits((row.patient, row) for row in examples)
    patients = len({row.patient for row in examples})
    return Finding(
        rule="data.patient",
        subject="patients across splits",
        expected=expected,
        found=f"{len(shared)} of {patients} patients in more than one split",
        refuses=bool(shared),
        rows=_rows(shared),
        advice="Give all images of a patient the same split in the manifest's column `split`." if shared else "",
    )


def judge_repeats(examples: Sequence[RowAccount], *, allowed: int) -> Finding:
    """Return the finding on identical images in more than one split; `allowed` such images are accepted.

    Images are identical if their canonical pixels are; one that lies in two splits in any number of copies counts once.
    """
    shared = _in_several_splits((row.pixels_sha256, row) for row in examples)
    found = f"{len(shared)} images in more than one split"
    accepted = bool(shared) and len(shared) <= allowed
    return Finding(
        rule="data.allowed_repeats",
        subject="identical images across splits",
        expected=f"at most {allowed}",
        found=found + (", accepted by the configuration" if accepted else ""),
        refuses=len(shared) > allowed,
        rows=_rows(shared),
        advice=f"Remove the repeats, or accept them with data.allowed_repeats: {len(shared)}." if len(shared) > allowed else "",
    )


def _in_several_splits(keyed: Iterable[tuple[str | None, RowAccount]]) -> list[list[RowAccount]]:
    """Return the groups of rows with one key that lie in more than one split."""
    groups: defaultdict[str, list[RowAccount]] = defaultdict(list)
    for key, row in keyed:
        if key is not None:
            groups[key].append(row)
    return [rows for rows in groups.values() if len({row.split for row in rows}) > 1]


def _rows(groups: Iterable[Sequence[RowAccount]]) -> tuple[int, ...]:
    return tuple(sorted(row.row for rows in groups for row in rows)[:LISTED])
