import io
from collections.abc import Mapping, Set
from dataclasses import dataclass

import numpy as np
import pytest
from PIL import Image

from components.data_gate.near_repeats import LIKE, judge_near_repeats
from components.data_gate.proof import RuleProof
from components.image_example_gen.account import RowAccount
from components.image_example_gen.difference_hash import difference_hash
from pipeline.config import NearRepeats

SIDE = 32


@dataclass(frozen=True)
class Images:
    """Images by row, and which of them were read."""

    by_row: dict[int, np.ndarray]

    def grey(self, rows: Mapping[str, Set[int]]) -> dict[int, np.ndarray]:
        return {row: self.by_row[row].ravel() for wanted in rows.values() for row in wanted if row in self.by_row}


def picture(seed: int) -> np.ndarray:
    """Return uint8 [SIDE, SIDE], smooth, another one for another seed."""
    coarse = np.random.default_rng(seed).integers(0, 256, (6, 6), dtype=np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((SIDE, SIDE), Image.Resampling.BICUBIC))


def as_jpeg(pixels: np.ndarray) -> np.ndarray:
    written = io.BytesIO()
    Image.fromarray(pixels).save(written, "JPEG", quality=75)
    return np.asarray(Image.open(written))


def brighter(pixels: np.ndarray) -> np.ndarray:
    return (pixels.astype(int) * 0.8 + 30).astype(np.uint8)


def row_of(row: int, split: str, pixels: np.ndarray) -> RowAccount:
    hashed = difference_hash(pixels[..., np.newaxis])
    return RowAccount(row, f"file{row}", f"p{row}", split, "ill", pixels.tobytes().hex(), difference_hash=hashed)


def judge(placed: list[tuple[str, np.ndarray]], *, allowed: int | None = None) -> RuleProof:
    rows = [row_of(row, split, pixels) for row, (split, pixels) in enumerate(placed, 1)]
    images = Images({row: pixels for row, (_, pixels) in enumerate(placed, 1)})
    return judge_near_repeats(rows, images, bounds=NearRepeats(), allowed=allowed)


@pytest.mark.parametrize("copy", [as_jpeg, brighter])
@pytest.mark.parametrize("splits", [("train", "test"), ("test", "train"), ("train", "val"), ("val", "test")])
def test_copy_in_another_split_is_listed_with_the_later_split_first(copy, splits: tuple[str, str]) -> None:
    proof = judge([(splits[0], picture(1)), (splits[1], copy(picture(1))), ("train", picture(2)), ("test", picture(3))])
    (leak,) = proof.leaks
    assert {place.row for place in leak.places} == {1, 2}
    assert leak.places[0].split != "train"
    assert leak.distance is not None
    assert leak.distance <= 4
    assert leak.correlation is not None
    assert leak.correlation >= 0.99


def test_copy_within_a_split_is_no_leak() -> None:
    assert judge([("train", picture(1)), ("train", as_jpeg(picture(1)))]).leaks == ()


def test_identical_pixels_are_left_to_the_rule_on_repeats() -> None:
    assert judge([("train", picture(1)), ("test", picture(1))]).leaks == ()


def test_equal_hashes_of_different_pixels_are_no_leak() -> None:
    """A candidate by its hash that its pixels speak against."""
    bars = np.repeat(np.arange(SIDE)[np.newaxis] * 2, SIDE, axis=0).astype(np.uint8)
    bent = (((np.arange(SIDE)[np.newaxis] / SIDE) ** 30) * 255 + np.zeros((SIDE, 1)) + np.arange(SIDE) / 4).astype(np.uint8)
    rows = [row_of(1, "train", bars), row_of(2, "test", bent)]
    assert (int(rows[0].difference_hash or "", 16) ^ int(rows[1].difference_hash or "", 16)).bit_count() <= 4
    assert judge([("train", bars), ("test", bent)]).leaks == ()


def test_near_repeats_never_refuse_without_a_count_and_refuse_above_one() -> None:
    placed = [("train", picture(1)), ("test", as_jpeg(picture(1))), ("train", picture(2)), ("val", brighter(picture(2)))]
    listed = judge(placed)
    assert (listed.verdict, len(listed.leaks), "Look at the pairs" in listed.advice) == ("accepted", 2, True)
    assert judge(placed, allowed=2).verdict == "accepted"
    refused = judge(placed, allowed=1)
    assert refused.verdict == "broken"
    assert "data.allowed_near_repeats: 2" in refused.advice


def test_data_without_near_repeats_hold() -> None:
    proof = judge([("train", picture(1)), ("val", picture(2)), ("test", picture(3))], allowed=0)
    assert (proof.verdict, proof.compared, proof.advice) == ("holds", {"images": 3}, "")


def test_most_alike_comes_first_and_the_list_is_bounded() -> None:
    copies = [
        ("train", np.clip(picture(1).astype(int) + shift % 7 + shift % 11, 0, 255).astype(np.uint8)) for shift in range(150)
    ]
    speckled = picture(1).copy()
    speckled[0, 0] ^= 8
    (leak,) = judge([*copies, ("test", speckled)]).leaks
    assert len(leak.places) == 1 + LIKE
    assert leak.places[0].row == 151


def test_image_that_is_not_stored_is_left_out() -> None:
    rows = [row_of(1, "train", picture(1)), row_of(2, "test", as_jpeg(picture(1)))]
    proof = judge_near_repeats(rows, Images({1: picture(1)}), bounds=NearRepeats(), allowed=0)
    assert proof.verdict == "holds"
