from hypothesis import given
from hypothesis import strategies as st

from components.data_gate.leakage import finding_of, judge_patients, judge_repeats, judge_studies
from components.image_example_gen.account import RowAccount

SPLITS = ("train", "val", "test")


def example(row: int, *, patient: str = "p", split: str = "train", pixels: str = "", study: str | None = None) -> RowAccount:
    digest = pixels or f"pixels-{row}"
    return RowAccount(row=row, file=f"{row:x}", patient=patient, split=split, label="a", pixels_sha256=digest, study=study)


def test_patient_in_two_splits_refuses_and_names_rows() -> None:
    examples = [example(1, patient="x"), example(2, patient="x", split="test"), example(3, patient="y")]
    finding = finding_of(judge_patients(examples, patient="column"))
    assert finding.refuses
    assert finding.found == "1 of 2 patients in more than one split"
    assert finding.rows == (1, 2)


def test_finding_never_names_a_patient() -> None:
    examples = [example(1, patient="secret"), example(2, patient="secret", split="test")]
    assert "secret" not in str(finding_of(judge_patients(examples, patient="column")))


def test_unknown_patients_are_said_to_be_unproven() -> None:
    proof = judge_patients([example(1)], patient="unknown")
    assert proof.verdict == "not_compared"
    finding = finding_of(proof)
    assert not finding.refuses
    assert finding.found.startswith("patient independence not proven")


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from(SPLITS)), max_size=12))
def test_patients_are_refused_exactly_if_one_is_in_two_splits(placed: list[tuple[str, str]]) -> None:
    examples = [example(row, patient=patient, split=split) for row, (patient, split) in enumerate(placed, 1)]
    apart = len(set(placed)) == len({patient for patient, _ in placed})
    assert finding_of(judge_patients(examples, patient="column")).refuses != apart


def test_same_image_in_two_splits_refuses_and_says_what_would_accept_it() -> None:
    examples = [example(1, pixels="x"), example(2, pixels="x", split="test"), example(3, pixels="x", split="val"), example(4)]
    finding = finding_of(judge_repeats(examples, allowed=0))
    assert finding.refuses
    assert finding.found == "1 images in more than one split"
    assert finding.rows == (1, 2, 3)
    assert "data.allowed_repeats: 1" in finding.advice


def test_allowed_repeats_are_counted_and_accepted() -> None:
    examples = [example(1, pixels="x"), example(2, pixels="x", split="test")]
    finding = finding_of(judge_repeats(examples, allowed=1))
    assert not finding.refuses
    assert finding.found == "1 images in more than one split, accepted by the configuration"


def test_repeats_within_a_split_are_no_leak() -> None:
    assert not judge_repeats([example(1, pixels="x"), example(2, pixels="x")], allowed=0).leaks


def test_at_most_twenty_rows_are_named() -> None:
    examples = [example(row, patient="x", split=SPLITS[row % 3]) for row in range(1, 100)]
    proof = judge_patients(examples, patient="column")
    assert finding_of(proof).rows == tuple(range(1, 21))
    assert [place.row for leak in proof.leaks for place in leak.places] == list(range(1, 100))


def test_study_in_two_splits_refuses_and_names_rows() -> None:
    examples = [example(1, study="s"), example(2, study="s", split="val"), example(3, study="t"), example(4)]
    proof = judge_studies(examples)
    assert proof.verdict == "broken"
    assert finding_of(proof).rows == (1, 2)
    assert proof.found == "1 of 2 studies in more than one split; 1 images name no study and were not compared"


def test_images_without_studies_prove_nothing_about_studies() -> None:
    proof = judge_studies([example(1), example(2, split="test")])
    assert (proof.verdict, proof.leaks) == ("not_compared", ())


@given(st.lists(st.tuples(st.sampled_from([None, "s", "t"]), st.sampled_from(SPLITS)), max_size=10))
def test_studies_are_refused_exactly_if_one_is_in_two_splits(placed: list[tuple[str | None, str]]) -> None:
    examples = [example(row, study=study, split=split) for row, (study, split) in enumerate(placed, 1)]
    named = [pair for pair in placed if pair[0] is not None]
    apart = len(set(named)) == len({study for study, _ in named})
    assert finding_of(judge_studies(examples)).refuses != apart
