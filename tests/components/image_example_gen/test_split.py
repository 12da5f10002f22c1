from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.image_example_gen.split import split_of, stable_fraction
from models.features import SPLITS

FRACTIONS = (0.7, 0.15, 0.15)
EXPECTED = ["train", "val", "test", "train", "train", "train", "train", "test", "train", "train", "val", "train"]


def test_splits_are_fixed_for_ever() -> None:
    """Were this to change, patients of existing data sets would move from test to train."""
    assert [split_of(f"patient {number}", "medtfx", FRACTIONS) for number in range(12)] == EXPECTED


@given(st.text(), st.text(), st.floats(0, 1), st.floats(0, 1))
def test_every_patient_gets_a_split_that_has_a_share(patient: str, seed: str, one: float, two: float) -> None:
    low, high = sorted((one, two))
    fractions = (low, high - low, 1 - high)
    split = split_of(patient, seed, fractions)
    assert fractions[SPLITS.index(split)] > 0


@given(st.text(), st.text())
def test_position_is_below_one(seed: str, text: str) -> None:
    assert 0 <= stable_fraction(seed, text) < 1


def test_shares_are_met() -> None:
    counts = Counter(split_of(str(number), "seed", FRACTIONS) for number in range(4000))
    for split, fraction in zip(SPLITS, FRACTIONS, strict=True):
        assert counts[split] / 4000 == pytest.approx(fraction, abs=0.02)


def test_more_patients_move_nobody() -> None:
    few = {number: split_of(str(number), "seed", FRACTIONS) for number in range(50)}
    many = {number: split_of(str(number), "seed", FRACTIONS) for number in range(500)}
    assert few.items() <= many.items()


def test_seed_and_patient_are_kept_apart() -> None:
    assert stable_fraction("ab", "c") != stable_fraction("a", "bc")
