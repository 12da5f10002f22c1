"""`medtfx index`: find out what kind of source was given, make the manifest, print the configuration to start from."""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import typer
from pydantic import ValidationError

from components.image_example_gen import pseudonym
from components.image_example_gen.part import iterate_part
from components.image_example_gen.row_number import row_name
from pipeline import sources
from pipeline.config import ClassFolderSource, DicomSource, MedmnistSource, TableSource
from pipeline.display import shown_on
from pipeline.errors import ConfigError
from pipeline.run_parts import parts_at
from pipeline.skip_reasons import MEANING
from pipeline.sources.dicom_tree import looks_like_dicom_tree
from pipeline.span_pattern import folder_of

OPTIONS = {"join": "--join", "columns": "--column", "slices": "--slice", "frames": "--frames"}
NEEDS_TABLE = (
    "Name a CSV table and how its rows find their images: "
    "--labels labels.csv --join study_instance_uid --column key=uid --column label=finding"
)


@dataclass(frozen=True)
class DicomOptions:
    """What the command line says of a DICOM tree.

    Args:
        labels: CSV table with the labels.
        join: name of the header's value that the table's key column holds.
        slices: manifest columns to make from the headers.
        frames: 'one' or 'all'.
        include_secondary_capture: whether those objects are images to learn from.
    """

    labels: Path | None = None
    join: str | None = None
    slices: tuple[str, ...] = ()
    frames: str = "one"
    include_secondary_capture: bool = False

    @property
    def given(self) -> bool:
        """Whether any of them was given."""
        return self != DicomOptions()


def index_command(
    source: Path | None,
    output: Path,
    *,
    columns: Sequence[str],
    images: Path | None,
    classes: str | None,
    dicom: DicomOptions = DicomOptions(),
) -> None:
    """Write a manifest and print what it holds.

    Raises:
        ConfigError: for a source that is absent, of no known kind, or lacks what its kind needs.
    """
    if source is None or not source.exists():
        expected = "a folder per class, a CSV table, a .npz file or a tree of DICOM files"
        raise ConfigError(f"{source or 'SOURCE'}: no such file or folder; expected {expected}")
    described = source_of(source, columns, images, classes, dicom=dicom)
    with shown_on(sys.stderr) as display, display.counted("index"):
        result = sources.index(described, output.absolute())
    typer.echo(f"{output}: {result.rows:,} images of {result.patients:,} patients, classes {', '.join(result.classes)}")
    for reason, count in result.skipped.items():
        typer.echo(f"skipped {count:,}: {reason}{_meaning(reason)}")
    # JSON is YAML, and quotes names such as 'COVID-19, ARDS' or 'no'.
    wanted = {
        "manifest": str(output),
        "classes": list(result.classes),
        **({} if result.patients_known else {"patient": "unknown"}),
        **({"slices": list(dicom.slices)} if dicom.slices else {}),
    }
    typer.echo(f"in a configuration:  data: {json.dumps(wanted, ensure_ascii=False)}")


def _meaning(reason: str) -> str:
    """Return a reason's words behind its code."""
    words = MEANING.get(reason)
    return f" ({words})" if words else ""


def source_of(
    path: Path, columns: Sequence[str], images: Path | None, classes: str | None, *, dicom: DicomOptions = DicomOptions()
) -> ClassFolderSource | DicomSource | MedmnistSource | TableSource:
    """Return the source that a path and its options describe.

    Raises:
        ConfigError: when an option that its kind needs is missing or malformed.
    """
    if path.is_dir():
        is_dicom = dicom.given or looks_like_dicom_tree(path)
        return dicom_source(path, columns, dicom) if is_dicom else ClassFolderSource(kind="class_folders", path=path.absolute())
    if dicom.given:
        raise ConfigError(f"{path}: is a file; --labels, --join, --slice and --frames are about a folder of DICOM files")
    if path.suffix == ".npz":
        if not classes:
            raise ConfigError(f"{path}: name its classes in the order of the labels, such as --classes normal,pneumonia")
        return MedmnistSource(kind="medmnist", path=path.absolute(), classes=tuple(classes.split(",")))
    mapping = mapping_of(columns)
    return TableSource(kind="table", path=path.absolute(), images=images and images.absolute(), columns=mapping)


def mapping_of(columns: Sequence[str]) -> dict[str, str]:
    """Return the mapping that --column options describe.

    Raises:
        ConfigError: when one is not of the form NAME=COLUMN.
    """
    pairs = [column.partition("=") for column in columns]
    if not all(equals for _, equals, _ in pairs):
        raise ConfigError("--column: expected NAME=COLUMN, such as --column path=filename")
    return {name: source for name, _, source in pairs}


def dicom_source(path: Path, columns: Sequence[str], dicom: DicomOptions) -> DicomSource:
    """Return the source of a DICOM tree.

    Raises:
        ConfigError: when the table, the join or the columns are missing, or a value is none of those allowed.
    """
    if dicom.labels is None or dicom.join is None:
        raise ConfigError(f"{path}: holds DICOM files, which carry no label. {NEEDS_TABLE}")
    try:
        return DicomSource.model_validate(
            {
                **{"kind": "dicom", "path": path.absolute(), "table": dicom.labels.absolute(), "join": dicom.join},
                **{"columns": mapping_of(columns), "slices": dicom.slices, "frames": dicom.frames},
                "include_secondary_capture": dicom.include_secondary_capture,
            }
        )
    except ValidationError as error:
        raise ConfigError(f"{_explained(error)}. {NEEDS_TABLE}") from error


def _explained(error: ValidationError) -> str:
    """Return the first mistake of a source, by the option that it came from."""
    first = error.errors()[0]
    option = OPTIONS.get(str(first["loc"][0]), "option")
    if first["type"] == "value_error":
        return f"{option}: {first['msg'].removeprefix('Value error, ')}"
    return f"{option}: {first['input']!r}; expected {first['msg'].removeprefix('Input should be ')}"


def key_for(manifest_path: Path, key_file: Path | None) -> bytes:
    """Return the pseudonym key that the command names, or the one beside the manifest.

    Raises:
        ConfigError: when there is none, or it is none.
    """
    try:
        return pseudonym.load_key(key_file or folder_of(manifest_path.absolute()) / "pseudonym.key")
    except ConfigError as error:
        raise ConfigError(f"{error}. Name the run's data.pseudonym_key_file with --key-file.") from error


def which_command(key: str, manifest_path: Path, key_file: Path | None) -> None:
    """Print the row and path of the file whose keyed hash starts with `key`, of one manifest or of all spans.

    Raises:
        ConfigError: when the manifest or its key is absent, or no file has that hash.
    """
    pseudonymizer = pseudonym.Pseudonymizer(key_for(manifest_path, key_file))
    matches = [
        row
        for part in parts_at(manifest_path)
        for row in iterate_part(part, patient="unknown")
        if pseudonymizer.image(row.image_name).startswith(key)
    ]
    if not matches:
        raise ConfigError(
            f"{key}: no file of {manifest_path} has this hash; was another pseudonym key used? Name it with --key-file."
        )
    for row in matches:
        frame = "" if row.frame is None else f"#{row.frame}"
        typer.echo(f"{row_name(row.row)}: {row.path}{frame}")
