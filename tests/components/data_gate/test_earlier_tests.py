import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from components.data_gate.earlier_tests import EarlierTest, judge_earlier, judge_unreadable, read_earlier_test
from components.data_gate.leakage import finding_of
from components.data_gate.proof import RuleProof
from components.image_example_gen.account import RowAccount, write_account
from components.image_example_gen.settings import IngestSettings

SETTINGS = IngestSettings(classes=("a", "b"), key_id="00aa11bb", size=64)
TODAY: dict[str, Any] = {"key_id": SETTINGS.key_id, "patient": "column", "image": SETTINGS.image_form}
SPLITS = ("train", "val", "test")


def row_of(row: int, patient: str, split: str = "train", *, study: str | None = None, pixels: str = "") -> RowAccount:
    return RowAccount(row, f"f{row}", patient, split, "a", pixels or f"{patient} {row}", study=study)


def earlier(*rows: RowAccount, run: str = "run-1") -> EarlierTest:
    return EarlierTest(run, TODAY["key_id"], TODAY["image"], "column", rows)


def judge(today: list[RowAccount], *tests: EarlierTest, allowed: int = 0, **changed: Any) -> list[RuleProof]:
    return judge_earlier(today, TODAY | changed, tests, allowed_repeats=allowed)


def verdicts(rules: list[RuleProof]) -> dict[str, str]:
    return {rule.subject.split(" of train", maxsplit=1)[0]: rule.verdict for rule in rules}


def test_patient_learned_from_now_and_tested_on_earlier_refuses_with_rows_and_run() -> None:
    rules = judge([row_of(5, "x"), row_of(6, "x", "val"), row_of(7, "y")], earlier(row_of(11, "x", "test")))
    (broken,) = [rule for rule in rules if rule.verdict == "broken"]
    finding = finding_of(broken)
    assert finding.found == "1 patients, tested on in run run-1"
    assert finding.rows == (5, 6)
    assert [(place.row, place.run) for place in broken.leaks[0].places] == [(5, ""), (6, ""), (11, "run-1")]


def test_patient_who_stays_in_the_test_split_is_no_leak() -> None:
    rules = judge([row_of(1, "x", "test", pixels="i"), row_of(2, "y")], earlier(row_of(11, "x", "test", pixels="i")))
    assert "broken" not in verdicts(rules).values()


def test_study_and_image_of_an_earlier_test_refuse_too() -> None:
    tested = earlier(row_of(11, "z", "test", study="s", pixels="i"))
    rules = judge([row_of(1, "x", study="s"), row_of(2, "y", pixels="i")], tested)
    assert verdicts(rules) == {"patients": "holds", "studies": "broken", "identical images": "broken"}


def test_allowed_repeats_count_for_earlier_images_and_never_for_patients() -> None:
    tested = earlier(row_of(11, "x", "test", pixels="i"))
    assert verdicts(judge([row_of(1, "x", pixels="i")], tested, allowed=1)) == {
        "patients": "broken",
        "studies": "not_compared",
        "identical images": "accepted",
    }


def test_image_that_two_earlier_runs_tested_on_counts_once() -> None:
    tests = [earlier(row_of(11, "z", "test", pixels="i"), run=run) for run in ("run-1", "run-2")]
    (rule,) = [rule for rule in judge([row_of(1, "x", pixels="i")], *tests) if rule.leaks]
    assert rule.found == "1 identical images, tested on in run run-1, run run-2"


def test_first_run_has_nothing_to_be_compared_with_and_says_so() -> None:
    (rule,) = judge([row_of(1, "x")])
    assert (rule.verdict, rule.found) == ("holds", "this is the first run whose data were accepted here")


def test_another_pseudonym_key_is_said_to_be_not_compared() -> None:
    other = replace(earlier(row_of(11, "x", "test", pixels="i")), key_id="ffffffff")
    rules = judge([row_of(1, "x", pixels="i")], other)
    assert verdicts(rules)["patients"] == "not_compared"
    assert verdicts(rules)["identical images"] == "broken"  # pixels need no key
    note = next(rule for rule in rules if "pseudonym key" in rule.found)
    assert (note.verdict, finding_of(note).refuses) == ("not_compared", False)
    assert note.found == "patients and studies not compared with run run-1: their pseudonym key is another"


def test_images_of_another_form_are_said_to_be_not_compared() -> None:
    other = replace(earlier(row_of(11, "z", "test")), image={"size": 32})
    rules = judge([row_of(1, "x")], other)
    assert verdicts(rules)["identical images"] == "not_compared"
    assert any(rule.found == "images not compared with run run-1: their canonical images have another form" for rule in rules)


def test_images_that_are_their_own_patients_are_compared_by_pixels_alone() -> None:
    tested = replace(earlier(row_of(11, "x", "test", pixels="i")), patient="unknown")
    rules = judge([row_of(1, "x", pixels="j"), row_of(2, "y", pixels="i")], tested, patient="unknown")
    assert verdicts(rules) == {"patients": "not_compared", "studies": "not_compared", "identical images": "broken"}


def test_many_runs_are_named_by_the_first_three() -> None:
    tests = [replace(earlier(row_of(11, "x", "test"), run=f"run-{number}"), key_id="ff") for number in range(5)]
    note = next(rule for rule in judge([row_of(1, "x")], *tests) if "pseudonym key" in rule.found)
    assert "run run-0, run run-1, run run-2 and 2 more" in note.found


@given(
    st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from(SPLITS)), max_size=8),
    st.lists(st.sampled_from("abcd"), max_size=4),
)
def test_patients_are_refused_exactly_if_one_is_in_both(placed: list[tuple[str, str]], tested: list[str]) -> None:
    today = [row_of(row, patient, split) for row, (patient, split) in enumerate(placed, 1)]
    then = earlier(*(row_of(row, patient, "test", pixels=f"then {row}") for row, patient in enumerate(tested, 1)))
    learned = {patient for patient, split in placed if split != "test"}
    assert ("broken" in verdicts(judge(today, then)).values()) == bool(learned & set(tested))


def test_test_split_of_an_account_is_read_back_and_nothing_else(tmp_path: Path) -> None:
    rows = [row_of(1, "x"), row_of(2, "y", "test"), replace(row_of(3, "z", "test"), status="quarantined", reason="truncated")]
    write_account(tmp_path, rows, settings=SETTINGS, manifest_sha256="0")
    assert read_earlier_test(tmp_path, "run-1") == EarlierTest(
        "run-1", SETTINGS.key_id, SETTINGS.image_form, "column", (rows[1],)
    )


def test_account_that_is_gone_or_damaged_is_said_to_be_not_compared(tmp_path: Path) -> None:
    assert read_earlier_test(tmp_path / "gone", "run-1") is None
    (tmp_path / "account.json").write_text(json.dumps({"key_id": "0", "patient": "column"}))
    (tmp_path / "rows.jsonl").write_text('{"split": "test", "ro')
    assert read_earlier_test(tmp_path, "run-1") is None
    (rule,) = judge_unreadable(["run-1"])
    assert (rule.verdict, "run run-1" in rule.found) == ("not_compared", True)
    assert judge_unreadable([]) == []
