import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from components.data_gate import hamming
from components.data_gate.hamming import bits_apart, close_pairs

HASHES = arrays(np.uint64, st.integers(0, 30), elements=st.integers(0, 2**64 - 1) | st.integers(0, 15))


def found(left: np.ndarray, right: np.ndarray, distance: int) -> list[tuple[int, int]]:
    pairs = close_pairs(left, right, distance=distance)
    return sorted((i, j) for first, second in pairs for i, j in zip(first.tolist(), second.tolist(), strict=True))


@given(HASHES, HASHES, st.integers(0, 64))
def test_pairs_are_those_of_a_search_by_hand(left: np.ndarray, right: np.ndarray, distance: int) -> None:
    pairs = ((i, j) for i in range(len(left)) for j in range(len(right)))
    by_hand = [(i, j) for i, j in pairs if (int(left[i]) ^ int(right[j])).bit_count() <= distance]
    assert found(left, right, distance) == sorted(by_hand)


def test_pairs_across_blocks_are_found_once(monkeypatch) -> None:
    monkeypatch.setattr(hamming, "LEFT", 3)
    monkeypatch.setattr(hamming, "RIGHT", 2)
    hashes = np.random.default_rng(2).integers(0, 64, 20).astype(np.uint64)
    blocked = found(hashes, hashes, 1)
    monkeypatch.undo()
    assert blocked == found(hashes, hashes, 1)
    assert len(set(blocked)) == len(blocked)


def test_bits_apart_counts_differing_bits() -> None:
    assert bits_apart("00000000000000ff", "000000000000000f") == 4
