"""What a source yields: the images it found, and what it left out."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg"})


@dataclass(frozen=True)
class Entry:
    """One image of a source.

    Args:
        path: of the image file.
        label: class name.
        patient_id: '' where the source knows none.
        split: official split, or ''.
        columns: the further columns by name.
        sha256: of the file's bytes where the source has read them, else ''.
    """

    path: Path = field(repr=False)
    label: str
    patient_id: str = field(default="", repr=False)
    split: str = ""
    columns: Mapping[str, str] = field(default_factory=dict, repr=False)
    sha256: str = field(default="", repr=False)


@dataclass(frozen=True)
class Listing:
    """All that a source holds.

    Args:
        entries: the images.
        inputs: files that the entries follow from, besides the images themselves.
        skipped: how many files or rows were left out, by reason.
        used: how many files or rows gave entries; None: each entry is one.
        seen: how many files or rows there are, counted apart from what became of them; None where nothing counts them.
    """

    entries: tuple[Entry, ...]
    inputs: tuple[Path, ...] = ()
    skipped: Counter[str] = field(default_factory=Counter)
    used: int | None = None
    seen: int | None = None
