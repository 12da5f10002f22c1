"""The `data:` block: which images, which classes, which patients."""

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from models.features import RESERVED
from pipeline.config.section import Name, Section, Share
from pipeline.config.source import Source

TAKEN = (
    "path",
    "split",
    "patient_id",
    "sha256",
    "study_id",
    "series_id",
    "frame",
    "model",
)  # columns of the manifest and of the prediction table


class Fractions(Section):
    """Shares of patients per split."""

    train: Share = 0.7
    val: Share = 0.15
    test: Share = 0.15

    @model_validator(mode="after")
    def sum_to_one(self) -> "Fractions":
        """Refuse shares that don't sum to 1."""
        total = self.train + self.val + self.test
        if abs(total - 1.0) > 1e-6:
            raise ValueError(f"shares of train, val and test sum to {total:g}; expected 1")
        return self


class NearRepeats(Section):
    """When two images count as nearly identical: candidates by their difference hashes, confirmed on their pixels.

    The correlation's default lies in a gap: of PneumoniaMNIST's three million pairs across splits no two different images
    correlate above 0.956, while copies (JPEG at quality 75, brightness, contrast, gamma, resized) stay above 0.992.
    """

    distance: Annotated[int, Field(ge=0, le=16)] = 4  # of the 64 bits; copies stay within 4
    correlation: Annotated[float, Field(gt=0.0, le=1.0)] = 0.99  # of grey values, at least


class Data(Section):
    """Which images, which classes, which patients."""

    manifest: Path
    source: Source | None = None
    classes: tuple[str, ...]
    patient: Literal["column", "unknown"] = "column"
    slices: tuple[Name, ...] = ()
    split_seed: str = "medtfx"
    fractions: Fractions = Fractions()
    pseudonym_key_file: Path | None = None  # default: pseudonym.key beside the manifest, made when absent
    exclude: Path | None = None  # text file with a patient id a line, beside the manifest: their rows are left out
    max_quarantined: Share = 0.01
    allowed_repeats: Annotated[int, Field(ge=0)] = 0  # identical images across splits, counted and reported
    near_repeats: NearRepeats = NearRepeats()
    allowed_near_repeats: Annotated[int, Field(ge=0)] | None = None  # images; without a number they are listed and never refuse
    shard_rows: Annotated[int, Field(ge=1, le=10_000)] = 64

    @model_validator(mode="after")
    def patients_to_exclude(self) -> "Data":
        """Refuse a list of patients for data that name none."""
        if self.exclude is not None and self.patient == "unknown":
            raise ValueError("exclude names patients; expected `patient: column`, or no `exclude`")
        return self

    @field_validator("classes")
    @classmethod
    def distinct_classes(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        """Refuse fewer than two classes, repeats and ';', which is kept for several labels."""
        if len(value) < 2 or len(set(value)) != len(value) or any(not name or ";" in name for name in value):
            raise ValueError("expected two or more different names without ';'")
        return value

    @field_validator("slices")
    @classmethod
    def free_slice_names(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        """Refuse slice columns that would hide a feature of medtfx."""
        taken = sorted(name for name in value if name in {*RESERVED, *TAKEN} or re.fullmatch(r"p_\d+", name))
        if taken or len(set(value)) != len(value):
            raise ValueError(f"expected different column names other than {', '.join(taken) or 'each other'}")
        return value
