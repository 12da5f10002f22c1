"""One run's configuration: how to train, judge, gate and serve, and what must agree among its parts."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from pipeline.config.beam import Beam, InProcess
from pipeline.config.data import Data
from pipeline.config.image import Image
from pipeline.config.kubeflow import Kubeflow
from pipeline.config.metadata import Metadata, SqliteMetadata
from pipeline.config.section import Name, Section, Share

FEWEST_PIXELS = {"article_cnn": 22}  # sides of images that its three valid 3 x 3 convolutions and poolings leave a pixel of

INFRASTRUCTURE = {"beam", "metadata", "kubeflow"}  # sections that no cache key, digest or report may follow


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


class Budget(Section):
    """The most that serving may take on the machine that validates it; None: measured and reported, not judged."""

    p50_ms: Annotated[float, Field(gt=0)] | None = None  # median latency of a request for one image, after warm-up
    p95_ms: Annotated[float, Field(gt=0)] | None = None  # its 95th percentile
    memory_mb: Annotated[float, Field(gt=0)] | None = None  # peak resident memory of the server process, in MiB


class Serving(Section):
    """The name under which TF Serving finds the model, what infra validation asks, and by which server."""

    name: Name | None = None  # default: the run's name
    golden_requests: Annotated[int, Field(ge=1, le=64)] = 8
    budget: Budget = Budget()
    model_server: Path | None = None  # a tensorflow_model_server; default: $TENSORFLOW_MODEL_SERVER, or else medtfx serve


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
    beam: Beam = InProcess()
    kubeflow: Kubeflow = Kubeflow()
    metadata: Metadata = SqliteMetadata()

    def identity_json(self) -> str:
        """Return as JSON what a run's results follow from: everything but where and how its nodes are run."""
        return self.model_dump_json(exclude=INFRASTRUCTURE)

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
