"""`medtfx index`: find out what kind of source was given, make the manifest, print the configuration to start from."""

import json
from collections.abc import Sequence
from pathlib import Path

import typer

from components.image_example_gen import manifest, pseudonym
from pipeline import sources
from pipeline.config import ClassFolderSource, MedmnistSource, TableSource
from pipeline.errors import ConfigError


def index_command(source: Path | None, output: Path, *, columns: Sequence[str], images: Path | None, classes: str | None) -> None:
    """Write a manifest and print what it holds.

    Raises:
        ConfigError: for a source that is absent, of no known kind, or lacks what its kind needs.
    """
    if source is None or not source.exists():
        raise ConfigError(
            f"{source or 'SOURCE'}: no such file or folder; expected a folder per class, a CSV table or a .npz file"
        )
    result = sources.index(source_of(source, columns, images, classes), output.absolute())
    typer.echo(f"{output}: {result.rows:,} images of {result.patients:,} patients, classes {', '.join(result.classes)}")
    for reason, count in result.skipped.items():
        typer.echo(f"skipped {count:,}: {reason}")
    # JSON is YAML, and quotes names such as 'COVID-19, ARDS' or 'no'.
    wanted = {
        "manifest": str(output),
        "classes": list(result.classes),
        **({} if result.patients_known else {"patient": "unknown"}),
    }
    typer.echo(f"in a configuration:  data: {json.dumps(wanted, ensure_ascii=False)}")


def source_of(
    path: Path, columns: Sequence[str], images: Path | None, classes: str | None
) -> ClassFolderSource | MedmnistSource | TableSource:
    """Return the source that a path and its options describe.

    Raises:
        ConfigError: when an option that its kind needs is missing or malformed.
    """
    if path.is_dir():
        return ClassFolderSource(kind="class_folders", path=path.absolute())
    if path.suffix == ".npz":
        if not classes:
            raise ConfigError(f"{path}: name its classes in the order of the labels, such as --classes normal,pneumonia")
        return MedmnistSource(kind="medmnist", path=path.absolute(), classes=tuple(classes.split(",")))
    pairs = [column.partition("=") for column in columns]
    if not all(equals for _, equals, _ in pairs):
        raise ConfigError("--column: expected NAME=COLUMN, such as --column path=filename")
    mapping = {name: source for name, _, source in pairs}
    return TableSource(kind="table", path=path.absolute(), images=images and images.absolute(), columns=mapping)


def key_for(manifest_path: Path, key_file: Path | None) -> bytes:
    """Return the pseudonym key that the command names, or the one beside the manifest.

    Raises:
        ConfigError: when there is none, or it is none.
    """
    try:
        return pseudonym.load_key(key_file or manifest_path.with_name("pseudonym.key"))
    except ConfigError as error:
        raise ConfigError(f"{error}. Name the run's data.pseudonym_key_file with --key-file.") from error


def which_command(key: str, manifest_path: Path, key_file: Path | None) -> None:
    """Print the row and path of the file whose keyed hash starts with `key`.

    Raises:
        ConfigError: when the manifest or its key is absent, or no file has that hash.
    """
    pseudonymizer = pseudonym.Pseudonymizer(key_for(manifest_path, key_file))
    matches = [
        row
        for row in manifest.read_manifest(manifest_path, patient="unknown")
        if pseudonymizer.image(row.image_name).startswith(key)
    ]
    if not matches:
        raise ConfigError(
            f"{key}: no file of {manifest_path} has this hash; was another pseudonym key used? Name it with --key-file."
        )
    for row in matches:
        typer.echo(f"row {row.row}: {row.image_name}")
