"""The `data:` block: which images, which classes, which patients."""

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from models.features import RESERVED
from pipeline.config.section import Name, Section, Share
from pipeline.config.source import Source
from pipeline.span_pattern import check, is_pattern

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


class ShortcutBounds(Section):
    """How well slice columns and image size alone may tell the label: bounds on the lower end of their AUC's 95 % interval."""

    # 0.5 is chance, and age or sex may honestly tell a little more. A warning costs a look, a missed shortcut the model.
    warn_above: Share = 0.6
    refuse_above: Share | None = None  # default: a risk factor is no fault of the data, and which column is one a person must say

    @model_validator(mode="after")
    def warns_first(self) -> "ShortcutBounds":
        """Refuse a bound of refusal below that of the warning."""
        if self.refuse_above is not None and self.refuse_above < self.warn_above:
            raise ValueError(
                f"refuse_above {self.refuse_above:g} is below warn_above {self.warn_above:g}; expected it to be as high"
            )
        return self


class SkewBounds(Section):
    """How far val and test may lie from train before it is said, or refused."""

    # A split of 20 patients with three images each lies, by chance alone, up to 0.27 (L-infinity of three equal values) and
    # 0.13 (Jensen-Shannon of a property) from train in 19 of 20 draws; of 90 patients 0.14 and 0.03. Large sets may ask for less.
    l_infinity: Share = 0.3  # of label and slice columns: greatest difference of a value's share
    jensen_shannon: Share = 0.2  # of mean, standard deviation and entropy of the pixels
    refuse: bool = False


class DriftBounds(Section):
    """How far train may lie from the train split of the last accepted data before it is said, or refused."""

    # Of two train splits of the demo's phantoms without a common patient, 20 % lay farther apart by chance with 60 patients each,
    # 3 % with 100, none with 300 (200 draws each); of PneumoniaMNIST 7 %, none, none. Data that had grown by a third never did.
    # Found are a gain of 0.9 (entropy: 0.8), of 0.8 at one site of three (0.35), and a site that is gone (9 of 10 draws); not
    # found are images 5 % brighter (0.05) and a class that goes from 44 to 28 % (0.18). Large sets may ask for less: at 350
    # patients chance made at most 0.13 and 0.1.
    l_infinity: Share = 0.2  # of label and slice columns: greatest difference of a value's share
    jensen_shannon: Share = 0.15  # of mean, standard deviation and entropy of the pixels
    refuse: bool = False


class Spans(Section):
    """Which of the spans that are there a run reads."""

    last: Annotated[int, Field(ge=1)] | None = None  # default: all; that data are left out is for a person to say


class Data(Section):
    """Which images, which classes, which patients."""

    manifest: Path
    source: Source | None = None
    spans: Spans = Spans()
    span: Annotated[int, Field(ge=0)] | None = None  # where the window ends, to run as on an earlier day; default: the newest
    classes: tuple[str, ...]
    patient: Literal["column", "unknown"] = "column"
    slices: tuple[Name, ...] = ()
    split_seed: str = "medtfx"
    fractions: Fractions = Fractions()
    pseudonym_key_file: Path | None = None  # default: pseudonym.key beside the manifest, made when absent
    exclude: Path | None = None  # text file with a patient id a line, beside the manifest: their rows are left out
    max_quarantined: Share = 0.01
    schema_file: Path | None = None  # a schema of your own (`medtfx schema infer`); default: the curated one
    tolerated_anomalies: Share = 0.0  # of a split's examples: so many may break one rule of the schema, named but not refused
    allowed_repeats: Annotated[int, Field(ge=0)] = 0  # identical images across splits, counted and reported
    near_repeats: NearRepeats = NearRepeats()
    allowed_near_repeats: Annotated[int, Field(ge=0)] | None = None  # images; without a number they are listed and never refuse
    shortcut: ShortcutBounds = ShortcutBounds()
    skew: SkewBounds = SkewBounds()
    drift: DriftBounds = DriftBounds()
    shard_rows: Annotated[int, Field(ge=1, le=10_000)] = 64

    @model_validator(mode="after")
    def patients_to_exclude(self) -> "Data":
        """Refuse a list of patients for data that name none."""
        if self.exclude is not None and self.patient == "unknown":
            raise ValueError("exclude names patients; expected `patient: column`, or no `exclude`")
        return self

    @model_validator(mode="after")
    def spans_have_a_place(self) -> "Data":
        """Refuse a path whose braces stand for no span, and a window of spans without a place for them."""
        check(self.manifest)
        place: Path | None = getattr(self.source, "path", None)
        if place is not None:
            check(place)
        in_spans = is_pattern(self.manifest)
        if not in_spans and (self.span is not None or self.spans.last is not None):
            key = "span" if self.span is not None else "spans.last"
            raise ValueError(f"{key}: the manifest comes in no spans; expected {{SPAN}} in `manifest`, or no `{key}`")
        if self.source is not None and in_spans != (place is not None and is_pattern(place)):
            raise ValueError("source: expected {SPAN} both in `manifest` and in the source's `path`, or in neither")
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
