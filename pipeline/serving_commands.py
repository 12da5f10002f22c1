"""The words of the commands about what is served: versions, rollback, pin, prune, verify, push."""

from pathlib import Path
from typing import Annotated

import typer

serving_app = typer.Typer(rich_markup_mode=None)

RootOption = Annotated[
    Path | None, typer.Option("--root", help="Root of the runs, such as runs/demo; default: the only one below runs/.")
]
ServingOption = Annotated[
    Path | None, typer.Option("--serving", help="The folder of versions itself, instead of a root: on a server's machine, say.")
]
ModelOption = Annotated[str | None, typer.Option("--model", help="The served model's name, if the root has pushed several.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object.")]


@serving_app.command()
def versions(root: RootOption = None, serving: ServingOption = None, model: ModelOption = None, as_json: AsJson = False) -> None:
    """List the versions of a serving folder: number, state, time, run, metrics, digest of the data, size.

    States: served; kept (an earlier version, a rollback can serve it); waiting (pushed while another is pinned); withdrawn
    (taken back); removed (only its manifest is left).

    Example: medtfx versions --root runs/demo
    """
    from pipeline.serving_folder import serving_folder  # noqa: PLC0415 - only these commands need it
    from pipeline.versions_command import versions_command  # noqa: PLC0415

    versions_command(serving_folder(root, serving, model).path, as_json=as_json)


@serving_app.command()
def rollback(
    to: Annotated[
        int | None, typer.Option(metavar="VERSION", help="Which version to serve again; default: the one before the served.")
    ] = None,
    root: RootOption = None,
    serving: ServingOption = None,
    model: ModelOption = None,
    as_json: AsJson = False,
) -> None:
    """Serve the version before again: a server switches at its next look at the folder, within a second by default.

    What is taken back stays on the disk under a hidden name, and no run pushes that model again (verdict withdrawn, exit 4)
    until `medtfx push VERSION` does. The version to serve is held against its manifest first.

    Example: medtfx rollback --root runs/demo
    """
    from pipeline.served_version_command import rollback_command  # noqa: PLC0415 - only these commands need it
    from pipeline.serving_folder import serving_folder  # noqa: PLC0415

    rollback_command(serving_folder(root, serving, model).path, to, as_json=as_json)


@serving_app.command()
def pin(
    version: Annotated[int | None, typer.Argument(help="The version that stays served.", show_default=False)] = None,
    let_go: Annotated[bool, typer.Option("--release", help="End the pin: the newest version is served.")] = False,
    root: RootOption = None,
    serving: ServingOption = None,
    model: ModelOption = None,
    as_json: AsJson = False,
) -> None:
    """Keep a version served whatever is pushed: newer ones wait under hidden names (verdict pinned) until the pin is released.

    Examples:

      medtfx pin 1795602916 --root runs/demo

      medtfx pin --release --root runs/demo
    """
    from pipeline.served_version_command import pin_command  # noqa: PLC0415 - only these commands need it
    from pipeline.serving_folder import serving_folder  # noqa: PLC0415

    pin_command(serving_folder(root, serving, model).path, version, let_go=let_go, as_json=as_json)


@serving_app.command()
def prune(
    keep: Annotated[int, typer.Option(min=1, help="How many of the newest versions stay.", show_default=False)],
    root: RootOption = None,
    serving: ServingOption = None,
    model: ModelOption = None,
    as_json: AsJson = False,
) -> None:
    """Remove the files of old and of withdrawn versions.

    The served and the pinned version, the one that a rollback would serve and waiting ones always stay; manifests stay too.

    Example: medtfx prune --keep 5 --root runs/demo
    """
    from pipeline.served_version_command import prune_command  # noqa: PLC0415 - only these commands need it
    from pipeline.serving_folder import serving_folder  # noqa: PLC0415

    prune_command(serving_folder(root, serving, model).path, keep, as_json=as_json)


@serving_app.command()
def verify(
    version: Annotated[int | None, typer.Argument(help="One version; default: all.", show_default=False)] = None,
    root: RootOption = None,
    serving: ServingOption = None,
    model: ModelOption = None,
    as_json: AsJson = False,
) -> None:
    """Hold every file of a serving folder against the manifests by SHA-256: missing, extra, changed, closed to other users.

    Exit code 1 when anything differs.

    Example: medtfx verify --root runs/demo
    """
    from pipeline.serving_folder import serving_folder  # noqa: PLC0415 - only these commands need it
    from pipeline.verify_command import verify_command  # noqa: PLC0415

    raise typer.Exit(verify_command(serving_folder(root, serving, model).path, version, as_json=as_json))


@serving_app.command()
def push(
    what: Annotated[
        str | None,
        typer.Argument(metavar="[VERSION|RUN]", help="A version, or a run's id or its beginning; default: the served."),
    ] = None,
    to: Annotated[Path | None, typer.Option(help="Another serving folder to push into; default: the root's own.")] = None,
    objects: Annotated[bool, typer.Option("--objects", help="--to is a mounted object store, such as gcsfuse or s3fs.")] = False,
    base_path: Annotated[
        str | None, typer.Option(metavar="URL", help="--objects: how the server names the folder, such as gs://bucket/demo.")
    ] = None,
    root: RootOption = None,
    serving: ServingOption = None,
    model: ModelOption = None,
    as_json: AsJson = False,
) -> None:
    """Push a model that every gate has blessed again, as a new version: after a rollback, or into another folder.

    The files must be those that were blessed, byte by byte. They are loaded and answer their warm-up requests first.
    Exit code 4 for a model that a gate refused.

    Examples:

      medtfx push 1795602916 --root runs/demo

      medtfx push --root runs/demo --to /srv/models/demo

      medtfx push --root runs/demo --to /mnt/bucket/demo --objects --base-path gs://bucket/demo
    """
    from pipeline.errors import ConfigError  # noqa: PLC0415 - only these commands need it
    from pipeline.push_command import Target, push_command  # noqa: PLC0415
    from pipeline.serving_folder import serving_folder  # noqa: PLC0415

    if (objects or base_path) and not (objects and to):
        raise ConfigError("--objects needs --to FOLDER, and --base-path needs --objects")
    source = serving_folder(root, serving, model)
    push_command(source, what, Target((to or source.path).absolute(), objects, base_path), as_json=as_json)
