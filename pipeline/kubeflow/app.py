"""The words of `medtfx kubeflow`; the work is in the command modules, imported when a command starts."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(
    help="The same graph on Kubeflow Pipelines: compile the package, try it out without a cluster.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


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
