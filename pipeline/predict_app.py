"""The words of `medtfx predict`."""

from pathlib import Path
from typing import Annotated

import typer

predict_app = typer.Typer(rich_markup_mode=None)


@predict_app.command()
def predict(
    images: Annotated[
        list[Path],
        typer.Argument(metavar="PATH", help="Image files, and folders of which every file is one.", show_default=False),
    ],
    model: Annotated[str, typer.Option(help="Name that the model is served under.", show_default=False)],
    server: Annotated[
        str, typer.Option(metavar="HOST:PORT", help="gRPC address of TF Serving or `medtfx serve`.")
    ] = "localhost:8500",
    version: Annotated[int | None, typer.Option(help="Of the model.", show_default="the newest served")] = None,
    rendering: Annotated[
        Path | None,
        typer.Option(
            metavar="EXPORT",
            help="The model's version folder, or a copy of its assets.extra/model.json: how DICOM, NIfTI and TIFF files become "
            "pixels.",
            show_default="the defaults of a configuration",
        ),
    ] = None,
    layout: Annotated[str, typer.Option("--format", metavar="table|jsonl|csv", help="Of the output.")] = "table",
    as_json: Annotated[bool, typer.Option("--json", help="Short for --format jsonl.")] = False,
    deadline: Annotated[float, typer.Option(metavar="SECONDS", help="For a request with its attempts.")] = 30.0,
    batch: Annotated[int, typer.Option(help="Images in one request.")] = 8,
    in_flight: Annotated[int, typer.Option(help="Requests at once.")] = 4,
    ca: Annotated[Path | None, typer.Option(metavar="PEM", help="TLS: authority of the server's certificate.")] = None,
    certificate: Annotated[Path | None, typer.Option(metavar="PEM", help="Mutual TLS: the client's certificate.")] = None,
    key: Annotated[Path | None, typer.Option(metavar="PEM", help="Mutual TLS: its private key.")] = None,
) -> None:
    """Ask a served model about images: PNG, JPEG, DICOM, NIfTI and TIFF files; TensorFlow is not loaded for it.

    Each image is one line, in order; one that can't be read or is refused is told with its reason, and the others go on.
    Exit codes: 0 all predicted, 1 no server, no such model, 2 usage, 3 images without a prediction.

    Examples:

      medtfx predict scan.dcm --model demo

      medtfx predict study/ --model demo --server ai.example.org:8500 --ca ca.pem --rendering model.json --format csv > study.csv
    """
    from pipeline.predict_command import Way, predict_command  # noqa: PLC0415 - gRPC loads here
    from serving.client import Pace, Server  # noqa: PLC0415

    way = Way(Server(server, ca, certificate, key), Pace(deadline, batch, in_flight), rendering)
    raise typer.Exit(predict_command(images, (model, version), way, layout="jsonl" if as_json else layout))
