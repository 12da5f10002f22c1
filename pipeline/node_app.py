"""The words of `medtfx node` and `medtfx outcome`; the work is in modules that are imported when a command starts."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.errors import ConfigError

if TYPE_CHECKING:  # pydantic loads with it
    from pipeline.config import Config

node_app = typer.Typer(rich_markup_mode=None)

ConfigFile = Annotated[Path | None, typer.Option("--config", help="YAML file of the run.")]
ConfigText = Annotated[
    str | None,
    typer.Option(
        "--config-text", metavar="YAML", help="The configuration itself; relative paths in it start from the working directory."
    ),
]
RunId = Annotated[str, typer.Option(help="Names the run; equal for all its nodes, such as a UUID.", show_default=False)]
RootFolder = Annotated[Path, typer.Option(help="Root of the runs, shared by all nodes.", show_default=False)]
Overrides = Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Override a key: training.steps=30.")]


@node_app.command()
def node(
    name: Annotated[str, typer.Option("--node", help="Which node, such as Trainer.", show_default=False)],
    run_id: RunId,
    root: RootFolder,
    config: ConfigFile = None,
    config_text: ConfigText = None,
    overrides: Overrides = None,
    verdict_to: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE", help="Write go_on, or the verdict of a refusal, there; the exit code of a refusal is then 0."
        ),
    ] = None,
    report_to: Annotated[Path | None, typer.Option(metavar="FILE", help="RunReport: copy the page there.")] = None,
    metrics_to: Annotated[Path | None, typer.Option(metavar="FILE", help="RunReport: write its figures there as JSON.")] = None,
    executor_output_to: Annotated[
        Path | None, typer.Option(metavar="FILE", help="RunReport: write its figures there as KFP's launcher reads them.")
    ] = None,
    notify: Annotated[bool, typer.Option("--notify", help="RunReport: tell the addresses of kubeflow.notify.")] = False,
) -> None:
    """Run one node of a run, as a container of a cluster does; the nodes of `medtfx run`, each in a process of its own.

    Repeat it as you like: a finished node returns at once, a killed one continues. ImageExampleGen comes first, a node whose
    inputs are not there yet exits 1, RunReport works whatever has become of the others. Exit code 1 may go by itself when
    repeated; 2, a wrong configuration, does not, though Kubeflow retries it as often: it can't tell exit codes apart.

    Example: medtfx node --config my.yaml --node Trainer --run-id 7f3a --root runs/shared
    """
    from pipeline.node_command import NodeRequest, node_command  # noqa: PLC0415 - pydantic loads here
    from pipeline.report_handover import ReportRequest  # noqa: PLC0415

    report = ReportRequest(report_to, metrics_to, executor_output_to, notify)
    request = NodeRequest(name, run_id, root, verdict_to, report)
    raise typer.Exit(node_command(told_config(config, config_text, overrides), request))


@node_app.command()
def outcome(
    run_id: RunId,
    root: RootFolder,
    config: ConfigFile = None,
    config_text: ConfigText = None,
    overrides: Overrides = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object, as that of `medtfx run`.")] = False,
) -> None:
    """Tell what a run of single nodes has come to: verdict, findings, report; exits with the verdict's code.

    Example: medtfx outcome --config my.yaml --run-id 7f3a --root runs/shared
    """
    from pipeline.outcome_command import outcome_command  # noqa: PLC0415 - pydantic loads here

    raise typer.Exit(outcome_command(told_config(config, config_text, overrides), run_id, root, as_json=as_json))


def told_config(path: Path | None, text: str | None, overrides: list[str] | None) -> "Config":
    """Return the configuration of a file or a text; `--set KEY=` with nothing behind it changes nothing.

    A pipeline of Kubeflow passes each of its parameters on, and an empty one stands for what the configuration says.

    Raises:
        ConfigError: when both or neither came, or it is wrong.
    """
    from pipeline import config_file  # noqa: PLC0415 - pydantic loads here

    overrides = [override for override in overrides or () if not override.endswith("=")]
    if path is not None and text is None:
        return config_file.load(path, overrides)
    if text is not None and path is None:
        return config_file.parse(text, overrides, name="--config-text", folder=Path.cwd())
    raise ConfigError("expected exactly one of --config FILE and --config-text YAML")
