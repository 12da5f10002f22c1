from dataclasses import replace

import pytest

from components.data_gate.contradiction import judge_contradictions
from components.image_example_gen.account import RowAccount

ROW = RowAccount(row=1, file="f", patient="p", split="train", label="ill", pixels_sha256="aa", status="example")


def test_repeat_with_the_same_label_is_no_contradiction() -> None:
    finding = judge_contradictions([ROW, replace(ROW, row=2), replace(ROW, row=3, pixels_sha256="bb", label="well")])
    assert not finding.refuses
    assert finding.found == "0 rows"


def test_equal_pixels_with_two_labels_refuse() -> None:
    finding = judge_contradictions([ROW, replace(ROW, row=2, label="well"), replace(ROW, row=3, pixels_sha256="bb")])
    assert finding.refuses
    assert finding.rows == (1, 2)


@pytest.mark.parametrize("reason", ["conflicting_labels", "conflicting_patients"])
def test_one_quarantined_contradiction_refuses_whatever_the_share(reason: str) -> None:
    lost = replace(ROW, row=9, status="quarantined", reason=reason, pixels_sha256=None)
    finding = judge_contradictions([lost, *(replace(ROW, row=row, pixels_sha256=str(row)) for row in range(10, 1000))])
    assert finding.refuses
    assert finding.rows == (9,)
