"""The words of `medtfx schema`; the work is in schema_command.py, imported when a command starts."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="A schema of your own: bounds learned from your data, in which an inverted or wrongly exported image stands out.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

ConfigFile = Annotated[Path, typer.Argument(help="YAML file of the runs.", show_default=False)]
RootFolder = Annotated[Path | None, typer.Option("--root", help="Root of the runs.", show_default="runs/NAME")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object.")]
Output = Annotated[
    Path | None, typer.Option("-o", "--output", help="Schema to write.", show_default="data.schema_file, or CONFIG.schema.pbtxt")
]
Margin = Annotated[
    float, typer.Option(min=0.0, help="Added to a property's values at both ends, times its spread. 0 is strictest.")
]
Replace = Annotated[bool, typer.Option("--replace", help="Write over a schema that is there.")]
SchemaFile = Annotated[Path, typer.Argument(help="Schema, such as my.schema.pbtxt.", show_default=False)]
OtherFile = Annotated[Path | None, typer.Argument(help="Schema to compare with.", show_default="A against the curated one")]
DataRoot = Annotated[
    Path | None, typer.Option("--root", help="Also tell which anomalies the last data of this root would raise.")
]
Yes = Annotated[bool, typer.Option("--yes", help="Write without asking.")]


@app.command()
def infer(
    config: ConfigFile,
    root: RootFolder = None,
    output: Output = None,
    margin: Margin = 0.25,
    replace: Replace = False,
    as_json: Json = False,
) -> None:
    """Learn a schema from the last data that a run accepted, and write it to a file of yours.

    Look through what it prints, change the file by hand where you know better, and name it in the configuration as
    data.schema_file. Values of a slice column are listed only where each has five examples or more.

    Example: medtfx schema infer my.yaml
    """
    from pipeline.schema_command import infer_command  # noqa: PLC0415 - ML Metadata loads here

    infer_command(config, root, output, margin=margin, replace=replace, as_json=as_json)


@app.command()
def diff(a: SchemaFile, b: OtherFile = None, root: DataRoot = None, as_json: Json = False) -> None:
    """Tell in words how a schema differs: A from the curated one, or B from A.

    With --root the exit code is 3 when the last data of that root, accepted or refused, break the schema.

    Example: medtfx schema diff my.schema.pbtxt --root runs/my_classifier
    """
    from pipeline.schema_command import diff_command  # noqa: PLC0415

    diff_command(a, b, root, as_json=as_json)


@app.command()
def accept(config: ConfigFile, root: RootFolder = None, yes: Yes = False, as_json: Json = False) -> None:
    """Take what the last refused data brought into your schema: shown first, written once you confirm.

    New slice values and wider bounds within the curated ones. Labels, and files that hold no picture, are never accepted:
    the exit code is then 3. With --json nothing is asked, and written only with --yes.

    Example: medtfx schema accept my.yaml
    """
    from pipeline.schema_command import accept_command  # noqa: PLC0415

    accept_command(config, root, yes=yes, as_json=as_json)
