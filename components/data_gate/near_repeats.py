"""Nearly identical images in two splits: copies in another encoding, brightness or size.

Candidates by their difference hashes, confirmed on their pixels: the hash alone names most test images of PneumoniaMNIST.
Rotated, mirrored and cropped copies are not found.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from typing import Protocol

import numpy as np
import numpy.typing as npt

from components.data_gate.hamming import Positions, bits_apart, close_pairs
from components.data_gate.leakage import judge_count
from components.data_gate.likeness import unit_vector
from components.data_gate.proof import Leak, Place, RuleProof
from components.image_example_gen.account import RowAccount
from models.features import SPLITS
from pipeline.config import NearRepeats

HELD = 256  # images of val or test that are compared at a time, each with all candidates
LIKE = 100  # images of earlier splits that one image is listed as like, at most

Like = tuple[float, int]  # correlation, position of the other image


class ReadsGrey(Protocol):
    """Where the pixels come from: stored_images.StoredImages."""

    def grey(self, rows: Mapping[str, Set[int]]) -> Mapping[int, npt.NDArray[np.uint8]]:
        """Return row -> grey values, uint8 [pixels], of the rows that are asked for by split."""


def judge_near_repeats(
    examples: Sequence[RowAccount], images: ReadsGrey, *, bounds: NearRepeats, allowed: int | None
) -> RuleProof:
    """Return the rule on images that are nearly identical to one of an earlier split (train before val before test).

    Args:
        examples: rows that gave an example.
        images: reads their pixels; only candidates are read.
        bounds: when two images count as nearly identical.
        allowed: how many such images are accepted; None: they are listed and never refuse.
    """
    hashed = [row for row in examples if row.difference_hash is not None]
    leaks = near_repeats(hashed, images, bounds)
    count = len(leaks)
    proof = RuleProof(
        rule="data.allowed_near_repeats",
        subject="nearly identical images across splits",
        expected="listed; none wanted" if allowed is None else f"at most {allowed}",
        found=f"{count} images of val and test are like one of another split",
        verdict="holds",
        compared={"images": len(hashed)},
        leaks=leaks,
        advice=f"Look at the pairs in the report. Remove the copies, or accept them with data.allowed_near_repeats: {count}.",
    )
    if allowed is None and leaks:
        return replace(proof, verdict="accepted")  # the advice stays: nobody has said yet that these are no harm
    return judge_count(proof, allowed=allowed or 0)


def near_repeats(rows: Sequence[RowAccount], images: ReadsGrey, bounds: NearRepeats) -> tuple[Leak, ...]:
    """Return a leak per image of val or test that is like one of an earlier split, the most alike first."""
    taking_part: set[int] = set()
    for held, other in candidates(rows, bounds.distance):
        taking_part.update(np.unique(np.concatenate([held, other])).tolist())
    units = read_units(rows, images, sorted(taking_part))
    found: defaultdict[int, list[Like]] = defaultdict(list)
    for held, other in candidates(rows, bounds.distance):
        for position, like in confirmed(held, other, units, at_least=bounds.correlation):
            found[position] = sorted([*found[position], like], reverse=True)[:LIKE]
    leaks = (leak_of(rows, position, like) for position, like in found.items())
    return tuple(sorted(leaks, key=lambda leak: (-(leak.correlation or 0.0), leak.places[0].row)))


def candidates(rows: Sequence[RowAccount], distance: int) -> Iterator[tuple[Positions, Positions]]:
    """Yield pairs with close hashes as positions: images of val or test, and images of earlier splits.

    Images with equal pixels are left out: `data.allowed_repeats` judges them.
    """
    hashes = np.array([int(row.difference_hash or "0", 16) for row in rows], np.uint64)
    splits = np.array([SPLITS.index(row.split) if row.split else -1 for row in rows], np.int64)
    pixels = np.unique([row.pixels_sha256 or "" for row in rows], return_inverse=True)[1]
    for split in range(1, len(SPLITS)):
        later, earlier = np.flatnonzero(splits == split), np.flatnonzero((splits >= 0) & (splits < split))
        for from_later, from_earlier in close_pairs(hashes[later], hashes[earlier], distance=distance):
            held, other = later[from_later], earlier[from_earlier]
            different = pixels[held] != pixels[other]
            yield held[different], other[different]


def read_units(rows: Sequence[RowAccount], images: ReadsGrey, positions: Iterable[int]) -> Mapping[int, npt.NDArray[np.float32]]:
    """Return position -> unit_vector of the rows at these positions; an image that is not stored is left out."""
    by_split: dict[str, set[int]] = {split: set() for split in SPLITS}
    position_of = {rows[position].row: position for position in positions}
    for row, position in position_of.items():
        by_split[rows[position].split or ""].add(row)
    return {position_of[row]: unit_vector(values) for row, values in images.grey(by_split).items()}


def confirmed(
    held: Positions, other: Positions, units: Mapping[int, npt.NDArray[np.float32]], *, at_least: float
) -> Iterator[tuple[int, Like]]:
    """Yield the pairs whose pixels correlate: the image's position, and how like which other it is.

    One matrix product for many images: far quicker than pair by pair, as an image is a candidate of hundreds.
    """
    there = np.isin(held, list(units)) & np.isin(other, list(units))
    held, other = held[there], other[there]
    images = np.unique(held)
    for start in range(0, len(images), HELD):
        chosen = np.isin(held, images[start : start + HELD])
        later, row = np.unique(held[chosen], return_inverse=True)
        earlier, column = np.unique(other[chosen], return_inverse=True)
        product = np.stack([units[one] for one in later.tolist()]) @ np.stack([units[one] for one in earlier.tolist()]).T
        values = product[row, column]
        for pair in np.flatnonzero(values >= at_least).tolist():
            yield int(later[row[pair]]), (float(values[pair]), int(earlier[column[pair]]))


def leak_of(rows: Sequence[RowAccount], position: int, like: Sequence[Like]) -> Leak:
    """Return the leak of an image and those that it is like, the most alike first."""
    held, (best, partner) = rows[position], like[0]
    return Leak(
        key=held.file,
        places=(Place.of(held), *(Place.of(rows[other]) for _, other in like)),
        distance=bits_apart(held.difference_hash or "0", rows[partner].difference_hash or "0"),
        correlation=round(best, 4),
    )
