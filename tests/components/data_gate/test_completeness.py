from typing import Any

import pytest

from components.data_gate.completeness import judge_classes, judge_counts, judge_quarantine, judge_sums
from components.image_example_gen.account import RowAccount


def account(**changes: Any) -> dict[str, Any]:
    split = {"images": 10, "patients": 5, "classes": {"a": 5, "b": 5}}
    known = {
        "rows": 100,
        "examples": 100,
        "indexed": None,
        "quarantined": {},
        "skipped": {},
        "split_seed": "seed-1",
        "fractions": {"train": 0.7, "val": 0.15, "test": 0.15},
        "splits": {"train": split, "val": split, "test": split},
    }
    return {**known, **changes}


def lost(row: int, reason: str) -> RowAccount:
    return RowAccount(row=row, file="f", patient="p", split=None, label=None, status="quarantined", reason=reason)


def test_quarantine_within_the_share_is_counted_by_reason() -> None:
    rows = [lost(7, "truncated"), lost(9, "undecodable")]
    finding = judge_quarantine(account(quarantined={"undecodable": 1, "truncated": 1}), rows, most=0.02)
    assert not finding.refuses
    assert finding.found == "2 rows (2.00%): 1 truncated, 1 undecodable"
    assert finding.rows == (7, 9)


def test_quarantine_above_the_share_refuses() -> None:
    finding = judge_quarantine(account(quarantined={"truncated": 3}), [lost(row, "truncated") for row in (1, 2, 3)], most=0.02)
    assert finding.refuses
    assert finding.expected == "at most 2.00% of 100 rows"


def test_empty_manifest_has_no_quarantine() -> None:
    assert not judge_quarantine(account(rows=0), [], most=0.02).refuses


@pytest.mark.parametrize("split", ["train", "val", "test"])
def test_class_missing_in_a_split_names_what_decides_it(split: str) -> None:
    known = account()
    known["splits"] = {**known["splits"], split: {"images": 5, "patients": 5, "classes": {"a": 5, "b": 0}}}
    (finding,) = judge_classes(known, ["a", "b"])
    assert finding.refuses
    assert finding.subject == f"class b in {split}"
    for word in ("seed-1", "train 0.7, val 0.15, test 0.15", "`split`"):
        assert word in finding.advice


def test_classes_in_every_split_are_listed() -> None:
    (finding,) = judge_classes(account(), ["a", "b"])
    assert not finding.refuses
    assert finding.found == "2 classes in 3 splits"


def test_statistics_of_other_examples_refuse() -> None:
    (finding,) = judge_counts(account(), {"train": 10, "val": 9, "test": 10})
    assert finding.refuses
    assert (finding.subject, finding.expected, finding.found) == ("examples in val", "10, as ingested", "9")


INDEXED = {"files": 130, "used": 90, "rows": 100, "skipped": {"hidden": 30, "no_label": 10}}


def test_sums_that_add_up_are_shown() -> None:
    (finding,) = judge_sums(account(examples=97, quarantined={"truncated": 3}, indexed=INDEXED))
    assert not finding.refuses
    assert finding.found == (
        "130 files seen by index = 90 used + 40 skipped; 100 rows = 97 examples + 3 quarantined + 0 skipped; "
        "100 rows = 100 written by index"
    )


def test_manifest_that_people_wrote_has_its_rows_summed() -> None:
    (finding,) = judge_sums(account())
    assert (finding.refuses, finding.found) == (False, "100 rows = 100 examples + 0 quarantined + 0 skipped")


@pytest.mark.parametrize(
    ("changes", "expected", "found"),
    [
        ({"examples": 99}, "100 rows", "99 examples + 0 quarantined + 0 skipped"),
        ({"indexed": {**INDEXED, "files": 131}}, "131 files seen by index", "90 used + 40 skipped"),
        ({"indexed": {**INDEXED, "rows": 101}}, "100 rows", "101 written by index"),
    ],
)
def test_sum_that_does_not_add_up_refuses(changes: dict[str, Any], expected: str, found: str) -> None:
    (finding,) = judge_sums(account(**changes))
    assert finding.refuses
    assert (finding.expected, finding.found) == (expected, found)
