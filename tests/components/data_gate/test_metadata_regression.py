from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.data_gate.example_metadata import Metadata
from components.data_gate.metadata_regression import FOLDS, codes_by_subject, every_class_is_learned, measure
from components.data_gate.resampled_auc import Area
from components.data_gate.shortcut import SIZE, Shortcut
from pipeline.config import ShortcutBounds

CLASSES = ("normal", "nodule", "effusion")


def metadata(patients: int = 120, *, seed: int = 0) -> Metadata:
    """Return two images a patient, whose columns tell nothing of the label."""
    random = np.random.default_rng(seed)
    owner = np.repeat(np.arange(patients), 2)
    images = len(owner)
    slices = {
        "sex": random.choice(["F", "M"], patients)[owner],
        "site": random.choice(["north", "south", "east"], patients)[owner],
    }
    labels, keys = random.choice(CLASSES, patients)[owner], np.array([f"key-{number}" for number in owner])
    return Metadata(labels, keys, slices, random.choice([512, 1024, 2048], images), random.choice([512, 1024], images))


def in_order(given: Metadata, order: np.ndarray) -> Metadata:
    slices = {name: values[order] for name, values in given.slices.items()}
    return Metadata(given.labels[order], given.patients[order], slices, given.width[order], given.height[order])


def test_column_that_gives_the_label_away_is_found_and_named() -> None:
    told = metadata()
    site = np.char.add("hospital of ", told.labels)
    found = measure(replace(told, slices={**told.slices, "site": site}), CLASSES)
    assert found.together is not None
    assert found.together.lower > 0.99
    assert (found.columns[0].subject, found.columns[0].auc) == ("site", 1.0)
    assert (found.images, found.patients) == (240, 120)


def test_size_of_one_class_is_found_though_neither_the_smallest_nor_the_largest() -> None:
    told = metadata()
    width = np.where(told.labels == "nodule", 1024, np.where(np.arange(240) % 2, 512, 2048))
    found = measure(replace(told, width=width, height=np.full(240, 512)), ("normal", "nodule", "effusion"))
    assert found.columns[0].subject == SIZE
    assert found.columns[0].auc > 0.7


@pytest.fixture(scope="module")
def independent() -> list[Area]:
    """Of twenty sets of columns that tell nothing of the label, together."""
    found = [measure(metadata(60, seed=seed), CLASSES).together for seed in range(20)]
    return [area for area in found if area is not None]


def test_intervals_of_independent_columns_hold_one_half_and_warn_of_nothing(independent: list[Area]) -> None:
    """A little less often than 19 times of 20: the interval draws patients again, not the regressions of the folds."""
    assert sum(area.lower < 0.5 < area.upper for area in independent) >= 15
    assert [area.lower < ShortcutBounds().warn_above for area in independent] == 20 * [True]


def test_independent_columns_come_out_at_one_half_on_average(independent: list[Area]) -> None:
    """Areas over pairs from different folds would be below: each patient lacks in the training of its own score."""
    assert np.mean([area.auc for area in independent]) == pytest.approx(0.5, abs=0.04)


@pytest.fixture(scope="module")
def in_this_order() -> tuple[Metadata, Shortcut]:
    """Images, and what is measured of them in the order that they have."""
    told = metadata(40)
    return told, measure(told, CLASSES)


@settings(max_examples=5)
@given(st.randoms(use_true_random=False))
def test_order_of_images_changes_nothing(in_this_order: tuple[Metadata, Shortcut], random) -> None:
    told, expected = in_this_order
    order = list(range(80))
    random.shuffle(order)
    assert measure(in_order(told, np.array(order)), CLASSES) == expected


def test_class_of_fewer_patients_than_folds_is_not_judged() -> None:
    told = metadata()
    rare = np.isin(told.patients, [f"key-{number}" for number in range(FOLDS - 1)])
    labels = np.where(rare, "effusion", np.where(told.labels == "effusion", "normal", told.labels))
    found = measure(replace(told, labels=labels), CLASSES)
    assert (found.together, found.columns) == (None, ())
    assert found.not_judged == "class effusion has 4 patients; 5 or more of each class are needed"


def test_columns_of_one_value_are_left_out() -> None:
    told = replace(metadata(), width=np.full(240, 28), height=np.full(240, 28))
    assert {area.subject for area in measure(told, CLASSES).columns} == {"sex", "site"}
    assert measure(replace(told, slices={}), CLASSES).not_judged == "no slice column and no image size has more than one value"


def test_unknown_labels_are_not_judged() -> None:
    assert measure(metadata(), CLASSES[:2]).not_judged == "some labels are not in data.classes"


def test_no_image_is_not_judged() -> None:
    nothing = in_order(metadata(), np.array([], np.int64))
    assert measure(nothing, CLASSES).not_judged.startswith("class normal has 0 patients")


def test_fold_that_holds_all_of_a_class_leaves_it_unlearned() -> None:
    labels = np.array([0, 0, 1, 1])
    parted, whole = (np.array([0, 2]), np.array([1, 3])), (np.array([0, 1]), np.array([2, 3]))
    assert every_class_is_learned(labels, [parted, parted[::-1]], 2)
    assert not every_class_is_learned(labels, [parted, whole], 2)


def test_numbers_of_a_constant_size_are_equal() -> None:
    codes = codes_by_subject(replace(metadata(), width=np.full(240, 28), height=np.full(240, 28)))[SIZE]
    assert codes.shape == (240, 3)
    assert not codes.any()
