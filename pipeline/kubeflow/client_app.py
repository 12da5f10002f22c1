"""The words of `medtfx kubeflow submit`, `schedule`, `list`, `pause`, `resume` and `delete`."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pipeline.kubeflow.connection import Connection

client_app = typer.Typer(rich_markup_mode=None)

# How Kubeflow Pipelines is reached; connection.py reads the environment.
Host = Annotated[
    str | None, typer.Option(help="Address, such as https://kubeflow.example.org/pipeline.", show_default="KF_PIPELINES_ENDPOINT")
]
Namespace = Annotated[
    str | None, typer.Option("-n", "--namespace", help="Yours, with several users.", show_default="KFP_NAMESPACE")
]
TokenFile = Annotated[
    Path | None,
    typer.Option(
        help="File with a bearer token; KFP_EXISTING_TOKEN holds one itself.", show_default="KF_PIPELINES_SA_TOKEN_PATH"
    ),
]
Ca = Annotated[Path | None, typer.Option(metavar="PEM", help="TLS: authority of the server's certificate.")]
Timeout = Annotated[float, typer.Option(min=1, metavar="SECONDS", help="To wait for a connection, and for an answer.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object.")]

# What is run.
Package = Annotated[Path, typer.Argument(help="Package that `medtfx kubeflow compile` wrote.", show_default=False)]
Parameters = Annotated[
    list[str] | None, typer.Option("--parameter", "-p", metavar="NAME=VALUE", help="A parameter of the package. Repeat for more.")
]
ConfigText = Annotated[
    Path | None, typer.Option("--config", help="YAML file that goes as the parameter `config`.", show_default="the package's")
]
Pipeline = Annotated[str | None, typer.Option(help="Name on the server; made when absent.", show_default="the package's")]
Name = Annotated[str | None, typer.Option(help="Of the run or schedule.", show_default="after the pipeline")]
Experiment = Annotated[
    str | None, typer.Option(help="To put the runs into; made when absent.", show_default="the pipeline's name")
]
PipelineRoot = Annotated[
    str | None, typer.Option(help="Where KFP keeps its own artifacts, such as s3://bucket/kfp.", show_default="the server's")
]
ServiceAccount = Annotated[str | None, typer.Option(help="That pods run as.", show_default="the server's")]
ScheduleName = Annotated[str, typer.Argument(metavar="SCHEDULE", help="Name or id, as `list` shows them.", show_default=False)]


def _connection(
    host: str | None, namespace: str | None, token_file: Path | None, ca: Path | None, timeout: float
) -> "Connection":
    from pipeline.kubeflow.connection import connection_from  # noqa: PLC0415 - kfp loads here

    return connection_from(os.environ, host, namespace, token_file=token_file, ca=ca, seconds=timeout)


@client_app.command()
def submit(
    package: Package,
    parameter: Parameters = None,
    config: ConfigText = None,
    pipeline: Pipeline = None,
    name: Name = None,
    experiment: Experiment = None,
    pipeline_root: PipelineRoot = None,
    service_account: ServiceAccount = None,
    upload_only: Annotated[bool, typer.Option("--upload-only", help="Start no run.")] = False,
    host: Host = None,
    namespace: Namespace = None,
    token_file: TokenFile = None,
    ca: Ca = None,
    timeout: Timeout = 30,
    as_json: AsJson = False,
) -> None:
    """Upload a package to Kubeflow Pipelines and run it once.

    A version is named by the package's digest: the same package is not uploaded twice. Exit codes: 2 something must be put right
    (package, parameter, address, token), 1 the server failed or can't be reached.

    Examples:

      medtfx kubeflow submit package.yaml --config my.yaml --host http://localhost:8080

      medtfx kubeflow submit package.yaml -p span=12 --name "span 12" --json
    """
    from pipeline.kubeflow.client_commands import Order, submit_command  # noqa: PLC0415 - kfp loads here

    order = Order(package, parameter or (), config, pipeline, name, experiment, pipeline_root, service_account)
    submit_command(order, _connection(host, namespace, token_file, ca, timeout), run=not upload_only, as_json=as_json)


@client_app.command()
def schedule(
    package: Package,
    cron: Annotated[
        str,
        typer.Option(
            help='Six fields, seconds first, by the clock of the server (UTC as shipped): "0 0 3 * * *" is 3:00 each night.',
            show_default=False,
        ),
    ],
    parameter: Parameters = None,
    config: ConfigText = None,
    pipeline: Pipeline = None,
    name: Name = None,
    experiment: Experiment = None,
    pipeline_root: PipelineRoot = None,
    service_account: ServiceAccount = None,
    max_concurrency: Annotated[int, typer.Option(min=1, max=10, help="Runs at once.")] = 1,
    catch_up: Annotated[bool, typer.Option("--catch-up", help="Make up for times missed while paused.")] = False,
    paused: Annotated[bool, typer.Option("--paused", help="Start nothing until `resume`.")] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Put it in the place of the schedule of this name.")] = False,
    host: Host = None,
    namespace: Namespace = None,
    token_file: TokenFile = None,
    ca: Ca = None,
    timeout: Timeout = 30,
    as_json: AsJson = False,
) -> None:
    """Upload a package and have Kubeflow Pipelines run it again and again.

    In a parameter of type text [[ScheduledTime]], [[CurrentTime]] and [[Index]] are filled in for each run.

    Examples:

      medtfx kubeflow schedule package.yaml --cron "0 0 3 * * *" --config my.yaml

      medtfx kubeflow schedule package.yaml --cron "0 30 6 * * mon-fri" --name weekdays --replace
    """
    from pipeline.kubeflow.client_commands import Order, schedule_command  # noqa: PLC0415 - kfp loads here
    from pipeline.kubeflow.cron import checked_cron  # noqa: PLC0415
    from pipeline.kubeflow.schedules import Timing  # noqa: PLC0415

    order = Order(package, parameter or (), config, pipeline, name, experiment, pipeline_root, service_account)
    timing = Timing(checked_cron(cron), max_concurrency, catch_up, enabled=not paused)
    schedule_command(order, timing, _connection(host, namespace, token_file, ca, timeout), replace=replace, as_json=as_json)


@client_app.command("list")
def list_(
    limit: Annotated[int, typer.Option(min=1, max=200, help="Runs to show.")] = 20,
    host: Host = None,
    namespace: Namespace = None,
    token_file: TokenFile = None,
    ca: Ca = None,
    timeout: Timeout = 30,
    as_json: AsJson = False,
) -> None:
    """List schedules and the latest runs of a Kubeflow Pipelines.

    Example: medtfx kubeflow list --host http://localhost:8080
    """
    from pipeline.kubeflow.client_commands import list_command  # noqa: PLC0415 - kfp loads here

    list_command(_connection(host, namespace, token_file, ca, timeout), limit=limit, as_json=as_json)


@client_app.command()
def pause(
    schedule: ScheduleName,
    host: Host = None,
    namespace: Namespace = None,
    token_file: TokenFile = None,
    ca: Ca = None,
    timeout: Timeout = 30,
    as_json: AsJson = False,
) -> None:
    """Have a schedule start no further runs; what runs goes on.

    Example: medtfx kubeflow pause my-classifier
    """
    from pipeline.kubeflow.client_commands import act_command  # noqa: PLC0415 - kfp loads here

    act_command("pause", schedule, _connection(host, namespace, token_file, ca, timeout), as_json=as_json)


@client_app.command()
def resume(
    schedule: ScheduleName,
    host: Host = None,
    namespace: Namespace = None,
    token_file: TokenFile = None,
    ca: Ca = None,
    timeout: Timeout = 30,
    as_json: AsJson = False,
) -> None:
    """Have a paused schedule start runs again; times that passed meanwhile are skipped unless it was made with --catch-up.

    Example: medtfx kubeflow resume my-classifier
    """
    from pipeline.kubeflow.client_commands import act_command  # noqa: PLC0415 - kfp loads here

    act_command("resume", schedule, _connection(host, namespace, token_file, ca, timeout), as_json=as_json)


@client_app.command()
def delete(
    schedule: ScheduleName,
    host: Host = None,
    namespace: Namespace = None,
    token_file: TokenFile = None,
    ca: Ca = None,
    timeout: Timeout = 30,
    as_json: AsJson = False,
) -> None:
    """Delete a schedule; its past runs stay.

    Example: medtfx kubeflow delete my-classifier
    """
    from pipeline.kubeflow.client_commands import act_command  # noqa: PLC0415 - kfp loads here

    act_command("delete", schedule, _connection(host, namespace, token_file, ca, timeout), as_json=as_json)
