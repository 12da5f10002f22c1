"""The `source:` block: what a manifest is made from."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator

from pipeline.config.section import Section


class ClassFolderSource(Section):
    """A folder per class; every image is its own patient."""

    kind: Literal["class_folders"]
    path: Path


class TableSource(Section):
    """A CSV table whose columns are mapped onto the manifest's."""

    kind: Literal["table"]
    path: Path
    images: Path | None = None  # folder that the path column starts from; the table's own by default
    columns: dict[str, str] = Field(default={})  # manifest column -> column of the table; empty: path, label, ... as they stand
    labels: dict[str, str] = Field(default={})  # fnmatch pattern of a label -> class; first match wins; empty: as it stands
    default_label: str | None = None  # class of a label that no pattern matches


JoinKey = Literal["sop_instance_uid", "study_instance_uid", "accession_number", "patient_id"]
DicomSlice = Literal[
    "sex", "age_decade", "view_position", "body_part", "modality", "manufacturer", "manufacturer_model", "institution"
]


class DicomSource(Section):
    """A tree of DICOM files, and a CSV table with a label per image, study or patient."""

    kind: Literal["dicom"]
    path: Path
    table: Path  # CSV with the labels
    join: JoinKey  # what the table's key column holds: a row is about all images with this value
    columns: dict[Literal["label", "key", "split"], str]  # -> column of the table; split: optional
    labels: dict[str, str] = Field(default={})  # fnmatch pattern of a label -> class; first match wins; empty: as it stands
    default_label: str | None = None  # class of a label that no pattern matches
    slices: tuple[DicomSlice, ...] = ()  # columns of the manifest that are made from the headers
    frames: Literal["one", "all"] = "one"  # all: a row per frame of a multi-frame file
    include_secondary_capture: bool = False  # digitised films and photographs are stored so, but screenshots too

    @field_validator("columns")
    @classmethod
    def label_and_key(cls, value: dict[str, str]) -> dict[str, str]:
        """Refuse a mapping without a label or a key."""
        missing = [name for name in ("label", "key") if name not in value]
        if missing:
            raise ValueError(f"no entry for {', '.join(missing)}; expected label and key, and split where the table has one")
        return value


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


Source = Annotated[ClassFolderSource | TableSource | DicomSource | MedmnistSource | DemoSource, Field(discriminator="kind")]
