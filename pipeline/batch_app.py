"""The words of `medtfx batch`."""

from pathlib import Path
from typing import Annotated

import typer

batch_app = typer.Typer(rich_markup_mode=None)


@batch_app.command()
def batch(
    source: Annotated[
        Path,
        typer.Argument(
            metavar="SOURCE", help="Folder of images, DICOM tree, or manifest.csv as `index` writes.", show_default=False
        ),
    ],
    output: Annotated[
        Path, typer.Option("-o", "--output", metavar="RESULTS", help="File of results: .csv or .jsonl.", show_default=False)
    ],
    model: Annotated[
        str | None,
        typer.Option(
            metavar="FOLDER|VERSION",
            help="Folder of versions (its served one), folder of one version, or a version's number below runs/.",
            show_default="the served version of the only root below runs/",
        ),
    ] = None,
    at_once: Annotated[int, typer.Option("--batch", min=1, max=1024, help="Images that the model is asked about at once.")] = 16,
    shard: Annotated[int, typer.Option(min=1, max=100_000, help="Images that a killed run loses at most.")] = 256,
    again: Annotated[bool, typer.Option("--retry", help="Read images again that were set aside.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object as the last line.")] = False,
) -> None:
    """Predict a whole archive with a pushed model, without a server; a killed batch is continued by the same command.

    The model's files are held against its manifest first. Results are lines as of `medtfx predict`; RESULTS.summary.json says
    which model and input they stand on, with digests and counts. RESULTS.parts keeps what is predicted: a repeated command
    re-does nothing, and after a change only the shards of changed files. It may be deleted.
    Exit codes: 0 all predicted, 1 failed, 2 usage, 3 images without a prediction, 130 interrupted.

    Examples:

      medtfx batch archive/ --model runs/demo/serving/demo -o results.csv

      medtfx batch manifest.csv --model runs/demo/serving/demo/1795734500 -o results.jsonl --json
    """
    from pipeline.batch.command import Order, batch_command  # noqa: PLC0415 - only this command needs it
    from pipeline.batch.statement import Cut  # noqa: PLC0415

    order = Order(source, model, output, Cut(at_once, shard), again)
    raise typer.Exit(batch_command(order, as_json=as_json))
