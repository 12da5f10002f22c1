"""The words of `medtfx kubeflow`; the work is in the command modules, imported when a command starts."""

from pathlib import Path
from typing import Annotated

import typer

from pipeline.kubeflow.client_app import client_app

app = typer.Typer(
    help="The same graph on Kubeflow Pipelines: compile the package, try it out without a cluster, submit and schedule it.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
app.add_typer(client_app)  # without a name: its commands stand beside these


@app.command("compile")
def compile_package(
    config: Annotated[Path, typer.Argument(help="YAML file with a section `kubeflow`.", show_default=False)],
    output: Annotated[Path, typer.Option("-o", "--output", help="The package to write.")] = Path("package.yaml"),
    overrides: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Override a key: kubeflow.image=registry/medtfx:1.")
    ] = None,
) -> None:
    """Compile a configuration into a package for Kubeflow Pipelines (KFP v2): one container task per node.

    The configuration needs a section `kubeflow` with an image and the volume that all pods share:

      kubeflow:
        image: registry.example/medtfx:0.1.0
        volumes: [{claim: medtfx, path: /mnt/medtfx}]
        defaults: {memory: {request: 2Gi, limit: 8Gi}, retries: {count: 2, backoff_seconds: 30}}
        nodes: {Trainer: {gpu: {type: nvidia.com/gpu, count: 1}, node_selector: {pool: gpu}, timeout_seconds: 7200}}
        secrets: [{name: medtfx-notify, key: url, env: MEDTFX_NOTIFY_URL}]
        notify: [{kind: slack, url_env: MEDTFX_NOTIFY_URL}]

    The configuration becomes the default of the pipeline's parameter `config`; `root`, `data_span`, `span_window` and
    `training_steps` are parameters too (empty: as in the configuration), so that one version serves many runs.

    Example: medtfx kubeflow compile my.yaml -o package.yaml
    """
    from pipeline.kubeflow.compile_command import compile_command  # noqa: PLC0415 - only this command needs it

    compile_command(config, output, overrides or [])


@app.command("dry-run")
def dry_run(
    package: Annotated[Path, typer.Argument(help="A package that `medtfx kubeflow compile` wrote.", show_default=False)],
    root: Annotated[Path | None, typer.Option(help="Root of the run on this machine.", show_default="the package's")] = None,
    config: Annotated[
        Path | None,
        typer.Option(help="A configuration of this machine in the place of the package's."),
    ] = None,
    parameter: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="A parameter of the pipeline, such as training_steps=30.")
    ] = None,
    container: Annotated[
        str | None,
        typer.Option(metavar="podman", help="Run the image: not root, read-only, as a strict cluster would."),
    ] = None,
    image: Annotated[str | None, typer.Option(help="Another image, with --container.")] = None,
    volume: Annotated[
        list[str] | None,
        typer.Option(metavar="CLAIM=FOLDER", help="Folder for a volume claim, with --container; default: a new one per run."),
    ] = None,
    folder: Annotated[
        Path | None, typer.Option(help="Where outputs and a log per task go.", show_default="dry-run/NAME-ID")
    ] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Tasks at a time.")] = 2,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object as the last line.")] = False,
) -> None:
    """Execute a compiled package on this machine, as a cluster would: each task's own command line, in a process of its own.

    Independent tasks run at once; conditions, retries (with short pauses), time limits and the exit task work as the package
    says. A process sees only the variables that the package gives it; values of secrets are taken from this shell. The exit
    code is the verdict's: 0, 3 data refused, 4 model refused; 1 failed, 2 bad package, parameters or configuration.

    Examples:

      medtfx kubeflow dry-run package.yaml --config my.yaml --root runs/dry

      medtfx kubeflow dry-run package.yaml --container podman --volume medtfx=/data/medtfx
    """
    from pipeline.kubeflow.dry_run_command import Options, dry_run_command  # noqa: PLC0415 - only this command needs it

    options = Options(root, config, tuple(parameter or ()), container, image, tuple(volume or ()), folder, jobs)
    raise typer.Exit(dry_run_command(package, options, as_json=as_json))
