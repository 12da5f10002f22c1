"""Which split a patient belongs to: for ever, whatever else the data holds."""

import hashlib
from collections.abc import Sequence

from models.features import SPLITS

HASH_RANGE = 2**64


def split_of(patient_id: str, seed: str, fractions: Sequence[float]) -> str:
    """Return 'train', 'val' or 'test' for a patient.

    Args:
        patient_id: the id itself, never the pseudonym: a new pseudonym key must not move patients.
        seed: `data.split_seed`.
        fractions: shares of train, val and test; they sum to 1.
    """
    position = stable_fraction(seed, patient_id)
    limit = 0.0
    for split, fraction in zip(SPLITS, fractions, strict=True):
        limit += fraction
        if position < limit:
            return split
    # The shares' sum may fall short of 1 by a rounding error: the last split that has a share takes the rest.
    return next(split for split, fraction in reversed(list(zip(SPLITS, fractions, strict=True))) if fraction > 0)


def stable_fraction(seed: str, text: str) -> float:
    """Return a number in [0, 1) that follows from SHA-256 of seed and text alone."""
    # The length keeps ("ab", "c") and ("a", "bc") apart.
    digest = hashlib.sha256(f"{len(seed)}:{seed}{text}".encode("utf-8", "surrogatepass")).digest()
    return (int.from_bytes(digest[:8], "big") >> 11) / (HASH_RANGE >> 11)  # 53 bits: exact in a float, never 1.0
