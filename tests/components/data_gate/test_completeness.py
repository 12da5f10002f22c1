from typing import Any

import pytest

from components.data_gate.completeness import judge_classes, judge_counts, judge_quarantine
from components.image_example_gen.account import RowAccount


def account(**changes: Any) -> dict[str, Any]:
    split = {"images": 10, "patients": 5, "classes": {"a": 5, "b": 5}}
    known = {
        "rows": 100,
        "quarantined": {},
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
