"""The `source:` block: what a manifest is made from."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

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
    columns: dict[str, str]  # manifest column -> column of the table
    labels: dict[str, str] = Field(default={})  # fnmatch pattern of a label -> class; first match wins; empty: as it stands
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
