"""What the commands about a cluster do, and what they print."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import kfp_server_api
import typer

from pipeline.errors import ConfigError
from pipeline.kubeflow import schedules
from pipeline.kubeflow.api_errors import explained
from pipeline.kubeflow.connection import Connection, OneLookClient, connect
from pipeline.kubeflow.package_interface import PackageInterface, config_option, read_interface, run_parameters
from pipeline.kubeflow.schedules import NEWEST_FIRST, Schedule, Timing
from pipeline.kubeflow.submission import Uploaded, start_run, upload
from pipeline.versions_command import table

ACTIONS = {"pause": schedules.pause, "resume": schedules.resume, "delete": schedules.delete}
DONE = {"pause": "paused", "resume": "resumed", "delete": "deleted"}


@dataclass(frozen=True)
class Order:
    """What to run and how.

    Args:
        package: the compiled package.
        parameters: 'name=value' words.
        config: file whose text is the parameter `config`.
        pipeline: name on the server; None: the package's.
        name: of the run or schedule; None: after the pipeline.
        experiment: that it goes into; None: the default.
        pipeline_root: where KFP keeps its artifacts; None: the server's default.
        service_account: that the pods run as; None: the server's default.
    """

    package: Path
    parameters: Sequence[str] = field(default_factory=tuple)
    config: Path | None = None
    pipeline: str | None = None
    name: str | None = None
    experiment: str | None = None
    pipeline_root: str | None = None
    service_account: str | None = None

    def settings(self, package: PackageInterface) -> dict[str, Any]:
        """Return what kfp's calls take beside names."""
        params = run_parameters(package, self.parameters, config_option(self.config))
        return {"params": params, "pipeline_root": self.pipeline_root, "service_account": self.service_account}

    def experiment_for(self, connection: Connection, uploaded: Uploaded) -> str:
        """Return the experiment's name."""
        return self.experiment or connection.experiment or uploaded.pipeline


def submit_command(order: Order, connection: Connection, *, run: bool, as_json: bool) -> None:
    """Upload a package and start a run of it, unless only the upload was asked for.

    Raises:
        ConfigError: a wrong package, parameter, address or credential.
        KubeflowError: the server failed or can't be reached.
    """
    package = read_interface(order.package)
    settings = order.settings(package) if run else {}
    client = connect(connection)
    uploaded = upload(client, connection, package, order.pipeline)
    told = _told(uploaded)
    if run:
        name = order.name or f"{uploaded.pipeline} {datetime.now(UTC):%Y-%m-%d %H:%M:%S}"
        experiment = order.experiment_for(connection, uploaded)
        run_id = start_run(client, connection, uploaded, name=name, experiment=experiment, settings=settings)
        told |= {"run": name, "run_id": run_id, "experiment": experiment, "page": connection.page("runs", run_id)}
    _print(told, as_json=as_json)


def schedule_command(order: Order, timing: Timing, connection: Connection, *, replace: bool, as_json: bool) -> None:
    """Upload a package and make a schedule of it.

    Raises:
        ConfigError: a wrong package, parameter, address or credential, or the schedule is there.
        KubeflowError: the server failed or can't be reached.
    """
    package = read_interface(order.package)
    settings = order.settings(package)
    client = connect(connection)
    name = order.name or order.pipeline or package.name
    earlier = schedules.schedules(client, connection, name)
    if earlier and not replace:
        raise ConfigError(
            f"schedule {name} is there already ({_when(earlier[0])}): --replace takes its place, --name gives another name"
        )
    uploaded = upload(client, connection, package, order.pipeline)
    options = {**settings, "experiment": order.experiment_for(connection, uploaded)}
    made = schedules.make_schedule(client, connection, uploaded, name=name, timing=timing, options=options)
    for old in earlier:  # last: a failure before leaves the old one at work
        schedules.delete(client, connection, old)
    told: dict[str, Any] = {
        "schedule": name,
        "schedule_id": made,
        "cron": timing.cron,
        "state": "enabled" if timing.enabled else "paused",
    }
    told |= {"replaced": [old.recurring_run_id for old in earlier]} if earlier else {}
    _print({**_told(uploaded), **told, "page": connection.page("recurringrun", made)}, as_json=as_json)


def act_command(action: str, wanted: str, connection: Connection, *, as_json: bool) -> None:
    """Pause, resume or delete a schedule.

    Raises:
        ConfigError: no or several schedules are meant, or a wrong address or credential.
        KubeflowError: the server failed or can't be reached.
    """
    client = connect(connection)
    schedule = schedules.find_schedule(client, connection, wanted)
    ACTIONS[action](client, connection, schedule)
    told = {"schedule": schedule.display_name, "schedule_id": schedule.recurring_run_id, "state": DONE[action]}
    _print(told, as_json=as_json)


def list_command(connection: Connection, *, limit: int, as_json: bool) -> None:
    """Print the schedules and the latest runs of a namespace.

    Raises:
        ConfigError: a wrong address or credential.
        KubeflowError: the server failed or can't be reached.
    """
    client = connect(connection)
    known = [schedule_row(one) for one in schedules.schedules(client, connection)]
    runs = [run_row(one) for one in _latest_runs(client, connection, limit)]
    if as_json:
        typer.echo(json.dumps({"schedules": known, "runs": runs}))
        return
    for title, rows in (("schedules", known), (f"latest {limit} runs", runs)):
        typer.echo(f"{title}: {len(rows) or 'none'}")
        for line in table(rows):
            typer.echo(f"  {line}")


def _latest_runs(client: OneLookClient, connection: Connection, limit: int) -> list[kfp_server_api.V2beta1Run]:
    with explained(connection.host, "list of runs"):
        return client.list_runs("", limit, NEWEST_FIRST, namespace=connection.namespace or None).runs or []


def schedule_row(one: Schedule) -> dict[str, str]:
    """Return a schedule's line, by column."""
    return {
        "name": one.display_name,
        "id": one.recurring_run_id,
        "when": _when(one),
        "state": {"ENABLED": "enabled", "DISABLED": "paused"}.get(str(one.status), str(one.status).lower()),
        "at once": str(one.max_concurrency or "-"),
        "catch-up": "no" if one.no_catchup else "yes",
    }


def run_row(one: kfp_server_api.V2beta1Run) -> dict[str, str]:
    """Return a run's line, by column."""
    seconds = (one.finished_at - one.created_at).total_seconds() if _has_ended(one) else None
    return {
        "name": one.display_name,
        "id": one.run_id,
        "state": str(one.state or "-").lower(),
        "began (UTC)": f"{one.created_at:%Y-%m-%d %H:%M:%S}" if one.created_at else "-",
        "seconds": "-" if seconds is None else f"{seconds:.0f}",
        "schedule": one.recurring_run_id or "-",
    }


def _has_ended(one: kfp_server_api.V2beta1Run) -> bool:
    """Tell whether a run has an end; the server writes the year 1970 for none."""
    return bool(one.created_at and one.finished_at and one.finished_at >= one.created_at)


def _when(one: Schedule) -> str:
    trigger = one.trigger
    if trigger and trigger.cron_schedule:
        return str(trigger.cron_schedule.cron)
    return f"every {trigger.periodic_schedule.interval_second} s" if trigger and trigger.periodic_schedule else "-"


def _told(uploaded: Uploaded) -> dict[str, Any]:
    return {
        "pipeline": uploaded.pipeline,
        "pipeline_id": uploaded.pipeline_id,
        "version": uploaded.version,
        "version_id": uploaded.version_id,
        "uploaded": uploaded.new,
    }


def _print(told: dict[str, Any], *, as_json: bool) -> None:
    """Print one JSON object, or a line per fact."""
    if as_json:
        typer.echo(json.dumps(told))
        return
    shown = {key: value for key, value in told.items() if key not in ("pipeline_id", "version_id", "uploaded")}
    if "version" in shown:
        shown["version"] += ", uploaded" if told["uploaded"] else ", was there already"
    if "replaced" in shown:
        shown["replaced"] = ", ".join(shown["replaced"])
    for key, value in shown.items():
        typer.echo(f"{key.replace('_', ' '):<12} {value}")
