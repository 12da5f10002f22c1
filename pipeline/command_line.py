"""The `medtfx` command. Nothing heavy is imported before a command needs it."""

import atexit
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from pipeline import schema_app
from pipeline.batch_app import batch_app
from pipeline.errors import ConfigError, MedtfxError
from pipeline.kubeflow import app as kubeflow_app
from pipeline.node_app import node_app
from pipeline.predict_app import predict_app
from pipeline.serving_commands import serving_app
from pipeline.verdict import Verdict

app = typer.Typer(
    name="medtfx",
    help="From a folder of medical images and labels to a model that was validated, gated and pushed to TF Serving.",
    epilog="Exit codes: 0 pushed or unchanged, 1 failed, or verify found a difference, 2 bad configuration or usage, "
    "3 data refused, or images without a prediction, 4 model refused or withdrawn, 130 interrupted.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

ConfigFile = Annotated[Path, typer.Argument(help="YAML file, such as configs/demo.yaml.", show_default=False)]
Overrides = Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Override a key: training.steps=30.")]


@app.command()
def run(
    config: ConfigFile,
    root: Annotated[
        Path | None, typer.Option(help="Where state, reports and the serving folder live.", show_default="runs/NAME")
    ] = None,
    overrides: Overrides = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object as the last line.")] = False,
) -> None:
    """Run the whole pipeline: ingest, checks, training, evaluation, gates, push, report.

    A second run of the same configuration re-does nothing; a killed or interrupted one is continued by the same command.

    Example: medtfx run configs/demo.yaml --set training.steps=100
    """
    from pipeline.run_command import run_command  # noqa: PLC0415 - TensorFlow and TFX load here

    raise typer.Exit(run_command(config, root, overrides or [], as_json=as_json))


# The options of `index`, by the kind of source that they are about.
Columns = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME=COLUMN",
        help="Table: manifest column NAME is its COLUMN (without any: path, label, patient_id, split as they stand). "
        "--labels: NAME is key, label, split.",
    ),
]
Images = Annotated[Path | None, typer.Option(help="Table: folder that the path column starts from.")]
ClassNames = Annotated[str | None, typer.Option(help=".npz: names of labels 0, 1, ..., separated by commas.")]
Labels = Annotated[Path | None, typer.Option(help="DICOM: CSV table with a label per image, study or patient.")]
Join = Annotated[
    str | None,
    typer.Option(
        metavar="VALUE",
        help="DICOM: what the table's key is: sop_instance_uid, study_instance_uid, accession_number or patient_id.",
    ),
]
HeaderSlices = Annotated[
    list[str] | None,
    typer.Option(
        "--slice",
        metavar="NAME",
        help="DICOM: a column from the headers: sex, age_decade, view_position, body_part, modality, manufacturer, "
        "manufacturer_model, institution (as a keyed hash). Repeat for more.",
    ),
]
Frames = Annotated[str, typer.Option(metavar="one|all", help="DICOM: one row per file, or one per frame of a multi-frame file.")]
SecondaryCapture = Annotated[
    bool, typer.Option("--secondary-capture", help="DICOM: use secondary captures too (digitised films; screenshots).")
]
Retry = Annotated[
    Path | None,
    typer.Option(metavar="MANIFEST", help="Read again what runs of --root set aside; the next run takes what can be read."),
]
RetryRoot = Annotated[Path | None, typer.Option(help="--retry: root of the runs, such as runs/demo.")]
Which = Annotated[
    str | None, typer.Option(metavar="HASH", help="Name the file behind 'file HASH' of a report; -o is the manifest.")
]
KeyFile = Annotated[Path | None, typer.Option(help="--which, --retry: the pseudonym key, if not beside the manifest.")]


@app.command()
def index(
    source: Annotated[
        Path | None, typer.Argument(help="Folder with a folder per class, CSV table, MedMNIST .npz, or DICOM tree.")
    ] = None,
    output: Annotated[Path, typer.Option("-o", "--output", help="The manifest to write.")] = Path("manifest.csv"),
    column: Columns = None,
    images: Images = None,
    classes: ClassNames = None,
    labels: Labels = None,
    join: Join = None,
    header_slice: HeaderSlices = None,
    frames: Frames = "one",
    secondary_capture: SecondaryCapture = False,
    retry: Retry = None,
    root: RetryRoot = None,
    which: Which = None,
    key_file: KeyFile = None,
) -> None:
    """Make a manifest (path, label, patient_id, ...) from what you have.

    Examples:

      medtfx index folder_per_class/ -o manifest.csv

      medtfx index table.csv -o manifest.csv --column path=filename --column label=finding --column patient_id=patientid

      medtfx index pneumoniamnist.npz -o manifest.csv --classes normal,pneumonia

      medtfx index tree_of_dicom/ -o manifest.csv --labels labels.csv --join study_instance_uid --column key=uid
        --column label=finding --slice sex --slice age_decade

      medtfx index --which 3f9a0c11d2e4 manifest.csv

      medtfx index --which 3f9a0c11d2e4 'incoming/{SPAN}/manifest.csv'

      medtfx index --retry manifest.csv --root runs/demo

    Of a DICOM tree headers are read, and no pixel is decoded; what is no image to learn from (structured reports,
    segmentations, presentation states, repeated instances, ...) is left out and counted by reason. A killed index continues;
    an unchanged file is not read again.
    """
    from pipeline.index_command import DicomOptions, index_command, which_command  # noqa: PLC0415 - only this command needs it

    if retry:
        retry_files(retry, root, key_file)
    elif which:
        which_command(which, source or output, key_file)
    else:
        dicom = DicomOptions(labels, join, tuple(header_slice or ()), frames, secondary_capture)
        index_command(source, output, columns=column or [], images=images, classes=classes, dicom=dicom)


def retry_files(manifest: Path, root: Path | None, key_file: Path | None) -> None:
    """Read what runs set aside again.

    Raises:
        ConfigError: when no root was named.
    """
    if root is None:
        raise ConfigError("--retry: name the root of the runs with --root, such as runs/demo")
    from pipeline.index_command import key_for  # noqa: PLC0415
    from pipeline.loading import tensorflow_loading  # noqa: PLC0415

    with tensorflow_loading():
        from pipeline.retry_command import retry_command  # noqa: PLC0415

    retry_command(manifest, root, key_for(manifest, key_file))


app.add_typer(schema_app.app, name="schema")
app.add_typer(kubeflow_app.app, name="kubeflow")
runs_app = typer.Typer(rich_markup_mode=None)
app.add_typer(runs_app, name="runs")
RootFolder = Annotated[Path, typer.Option(help="Root of the runs, such as runs/demo.", show_default=False)]


@runs_app.callback(invoke_without_command=True)
def runs(
    context: typer.Context,
    root: Annotated[Path | None, typer.Option(help="Root of the runs; default: every root below runs/.")] = None,
) -> None:
    """List the runs of a root: id, time, verdict and version; `runs show` tells one in detail.

    Examples:

      medtfx runs --root runs/demo

      medtfx runs show --root runs/demo

      medtfx runs show 20260102T030405 --root runs/demo --json
    """
    if context.invoked_subcommand is not None:
        return
    from pipeline.runs_command import list_command  # noqa: PLC0415 - only this command needs it

    list_command(root)


@runs_app.command()
def show(
    root: RootFolder,
    run_id: Annotated[str | None, typer.Argument(metavar="RUN", help="A run's id or its beginning; default: the latest.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Tell what a run made of its data: files seen, rows, examples, drift, what was set aside and why; the sums are checked."""
    from pipeline.runs_command import show_command  # noqa: PLC0415 - only this command needs it

    show_command(run_id, root, as_json=as_json)


app.add_typer(serving_app)  # without a name: its commands stand beside the others
app.add_typer(predict_app)
app.add_typer(batch_app)
app.add_typer(node_app)


@app.command()
def forget(
    config: ConfigFile,
    patients: Annotated[
        list[str],
        typer.Argument(metavar="PATIENT", help="Patient ids as in the manifest; '-' reads them from stdin, one a line."),
    ],
    root: Annotated[Path | None, typer.Option(help="Root of the runs.", show_default="runs/NAME")] = None,
    overrides: Overrides = None,
    key_file: Annotated[list[Path] | None, typer.Option(help="An earlier pseudonym key, to search runs of its time too.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Don't ask.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object; goes with --yes or --dry-run.")] = False,
) -> None:
    """Forget patients: list them in data.exclude, delete what holds them below the root, say which models saw them.

    What is not touched: the weights of trained models, the source images, backups. A killed one is completed by the same command.

    Examples:

      medtfx forget my.yaml MRN0017 --dry-run

      medtfx forget my.yaml - --yes < withdrawn.txt
    """
    from pipeline.forgetting.command import Options, forget_command  # noqa: PLC0415 - ML Metadata loads here

    options = Options(root, tuple(overrides or ()), tuple(key_file or ()), yes, dry_run, as_json)
    raise typer.Exit(forget_command(config, patients, options))


# TF Serving's flags have underscores and `--flag=false`, which typer can't say: serving/flags.py reads them, --help included.
@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True}, add_help_option=False)
def serve(context: typer.Context) -> None:
    """Serve pushed models over TF Serving's gRPC and REST API; `medtfx serve --help` lists the flags, which are TF Serving's."""
    from serving.command import serve_command  # noqa: PLC0415 - only this command needs it

    raise typer.Exit(serve_command(context.args))


@app.command()
def doctor() -> None:
    """Tell whether this machine can run medtfx, and what it would use."""
    from pipeline.doctor import examine  # noqa: PLC0415 - imports everything once, to see whether it loads

    raise typer.Exit(examine())


def main() -> None:
    """Run the command line; an error of ours is one message and an exit code, never a stack trace."""
    try:
        app()
    except MedtfxError as error:
        print(f"medtfx: {error}", file=sys.stderr)  # noqa: T201 - the terminal is where this goes
        leave(error.exit_code)
    except ModuleNotFoundError as error:  # an installation of the client alone
        print(f"medtfx: this needs {error.name}, which is not installed: pip install 'medtfx[pipeline]'", file=sys.stderr)  # noqa: T201
        leave(ConfigError.exit_code)
    except OSError as error:  # a full disk, say; the file is not named, for its name may be a patient's
        reason = error.strerror or type(error).__name__
        print(f"medtfx: stopped by the system: {reason}. Put that right and run the same command again.", file=sys.stderr)  # noqa: T201
        leave(1)
    except SystemExit as stop:  # how typer ends, Ctrl-C included
        if stop.code == Verdict.INTERRUPTED.exit_code:
            print("medtfx: interrupted; run, index, batch and forget go on when repeated", file=sys.stderr)  # noqa: T201
        leave(stop.code)


def leave(code: str | int | None) -> NoReturn:
    """End the process now: taking TensorFlow and its threads apart takes three seconds and changes nothing.

    What is registered to happen at the end does happen: TensorFlow removes its temporary files there.
    """
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError):  # nobody reads any more, or the disk is full: the exit code still counts
            stream.flush()
    os._exit(code if isinstance(code, int) else 0)
