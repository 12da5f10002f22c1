"""The run configuration: typed, frozen, validated once. Defaults are the recommended values."""

import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from models.features import RESERVED

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
FEWEST_PIXELS = {"article_cnn": 22}  # sides of images that its three valid 3 x 3 convolutions and poolings leave a pixel of
Share = Annotated[float, Field(ge=0.0, le=1.0)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=64)]


class Section(BaseModel):
    """A frozen part of the configuration in which every key is known."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class ClassFolderSource(Section):
    """A folder per class; every image is its own patient."""

    kind: Literal["class_folders"]
    path: Path


class TableSource(Section):
    """A CSV table whose columns are mapped onto the manifest's."""

    kind: Literal["table"]
    path: Path
    images: Path | None = None  # folder that the path column starts from; the table's own by default
    columns: dict[str, str]  # manifest column -> column of the table
    labels: dict[str, str] = {}  # pattern (fnmatch) of the table's label -> class; first match wins; empty: as it stands
    default_label: str | None = None  # class of a label that no pattern matches


class MedmnistSource(Section):
    """A MedMNIST .npz with its official splits."""

    kind: Literal["medmnist"]
    path: Path
    classes: tuple[str, ...]  # names of labels 0, 1, ...


class DemoSource(Section):
    """Generated phantoms; deterministic in the seed."""

    kind: Literal["demo"]
    patients: Annotated[int, Field(ge=30, le=100_000)] = 300
    seed: Annotated[int, Field(ge=0)] = 7


Source = Annotated[ClassFolderSource | TableSource | MedmnistSource | DemoSource, Field(discriminator="kind")]


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
    max_quarantined: Share = 0.01
    allowed_repeats: Annotated[int, Field(ge=0)] = 0  # identical images across splits, counted and reported
    shard_rows: Annotated[int, Field(ge=1, le=10_000)] = 64

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


class Image(Section):
    """The canonical image."""

    size: Annotated[int, Field(ge=16, le=1024)] = 224
    channels: Literal[1, 3] = 3
    fit: Literal["letterbox", "center_crop"] = "letterbox"
    max_pixels: Annotated[int, Field(ge=1)] = 50_000_000  # of a source image's header
    sixteen_bit_range: tuple[int, int] = (0, 65_535)  # values of 16-bit files that become 0 and 255

    @field_validator("sixteen_bit_range")
    @classmethod
    def rising_range(cls, value: tuple[int, int]) -> tuple[int, int]:
        """Refuse a range that is empty, reversed or beyond 16 bit."""
        low, high = value
        if not 0 <= low < high <= 65_535:
            raise ValueError(f"[{low}, {high}]; expected [low, high] with 0 <= low < high <= 65535")
        return value


class Augmentation(Section):
    """Random changes of training images; 0 or false switches one off."""

    rotation_degrees: Annotated[float, Field(ge=0, le=180)] = 10.0
    flip: Literal["none", "horizontal", "vertical", "both"] = "none"  # a flipped chest shows the heart on the wrong side
    zoom: Annotated[float, Field(ge=0, le=0.5)] = 0.1
    intensity: Annotated[float, Field(ge=0, le=0.5)] = 0.1


class Training(Section):
    """How the model learns."""

    model: Literal["article_cnn", "compact_resnet"] = "compact_resnet"
    steps: Annotated[int, Field(ge=1)] = 1000  # of batch_size images
    steps_per_epoch: Annotated[int, Field(ge=1)] | None = None  # between validations; default: once through the data
    batch_size: Annotated[int, Field(ge=1, le=4096)] = 32
    learning_rate: Annotated[float, Field(gt=0, le=1)] = 1e-3
    early_stopping: Annotated[int, Field(ge=0)] = 5  # epochs without a better val loss; 0: never
    class_weights: Literal["balanced", "none"] = "balanced"
    augmentation: Augmentation = Augmentation()
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    cache_mb: Annotated[int, Field(ge=0)] = 256  # decoded pixels kept in memory
    seed: int = 1


class Threshold(Section):
    """A bound on a metric of the test split, checked by TFMA."""

    metric: Literal["auc", "accuracy", "balanced_accuracy", "loss"]
    at_least: float | None = None
    at_most: float | None = None
    per: Name | None = None  # a slice column: the bound holds for each of its values
    min_examples: Annotated[int, Field(ge=1)] = 1  # values with fewer examples are not judged

    @model_validator(mode="after")
    def one_bound(self) -> "Threshold":
        """Refuse a threshold without exactly one bound."""
        if (self.at_least is None) == (self.at_most is None):
            raise ValueError("expected exactly one of at_least, at_most")
        return self


class Change(Section):
    """How much worse than the baseline (the served model) a metric may be."""

    metric: Literal["auc", "accuracy", "balanced_accuracy", "loss"] = "auc"
    at_most_worse: Annotated[float, Field(ge=0)] = 0.02


class Evaluation(Section):
    """What the Evaluator asks of a model; a configuration without any threshold is an error."""

    thresholds: Annotated[tuple[Threshold, ...], Field(min_length=1)]
    change: Change | None = Change()


class ClinicalRule(Section):
    """A bound that must hold with confidence: lower Wilson limit, patients as trials."""

    measure: Literal["sensitivity", "specificity"]
    label: str  # the class that it is about
    at_least: Share
    confidence: Annotated[float, Field(ge=0.5, lt=1.0)] = 0.95


class Gate(Section):
    """The clinical rules; empty only when written so."""

    rules: tuple[ClinicalRule, ...]


class Serving(Section):
    """The name under which TF Serving finds the model, and what infra validation asks."""

    name: Name | None = None  # default: the run's name
    golden_requests: Annotated[int, Field(ge=1, le=64)] = 8


class Config(Section):
    """One run."""

    name: Name
    expect: str = ""  # what to expect of this run: metric, time, machine
    data: Data
    image: Image = Image()
    training: Training = Training()
    evaluation: Evaluation
    gate: Gate
    serving: Serving = Serving()

    @property
    def serving_name(self) -> str:
        """Name of the folder below serving/."""
        return self.serving.name or self.name

    @model_validator(mode="after")
    def names_agree(self) -> "Config":
        """Refuse rules about classes or slices that the data section does not name."""
        for rule in self.gate.rules:
            if rule.label not in self.data.classes:
                raise ValueError(f"gate.rules: label {rule.label!r} is not in data.classes {list(self.data.classes)}")
        for threshold in self.evaluation.thresholds:
            if threshold.per is not None and threshold.per not in self.data.slices:
                raise ValueError(f"evaluation.thresholds: per {threshold.per!r} is not in data.slices {list(self.data.slices)}")
        return self

    @model_validator(mode="after")
    def model_fits_image(self) -> "Config":
        """Refuse images that are too small for the model's convolutions."""
        fewest = FEWEST_PIXELS.get(self.training.model, 0)
        if self.image.size < fewest:
            model = self.training.model
            raise ValueError(f"image.size: {self.image.size}; expected {fewest} or more for training.model {model}")
        return self
