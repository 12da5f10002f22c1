"""Recurring runs on the server: make, find, pause, resume, delete."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import kfp_server_api

from pipeline.errors import ConfigError
from pipeline.kubeflow.api_errors import explained
from pipeline.kubeflow.connection import Connection, OneLookClient
from pipeline.kubeflow.submission import Uploaded, experiment_id, named

PAGE = 100
NEWEST_FIRST = "created_at desc"
Schedule: TypeAlias = kfp_server_api.V2beta1RecurringRun


@dataclass(frozen=True)
class Timing:
    """When a schedule starts runs.

    Args:
        cron: six fields, seconds first.
        max_concurrency: runs at once at most.
        catch_up: whether times missed while paused are made up for.
        enabled: whether it starts runs from now on.
    """

    cron: str
    max_concurrency: int = 1
    catch_up: bool = False
    enabled: bool = True


def make_schedule(
    client: OneLookClient, connection: Connection, uploaded: Uploaded, *, name: str, timing: Timing, options: Mapping[str, Any]
) -> str:
    """Make a schedule and return its id.

    Args:
        options: `experiment`, and `params`, `pipeline_root` and `service_account` as kfp names them.

    Raises:
        ConfigError: the server refuses.
        KubeflowError: the server failed or can't be reached.
    """
    settings = dict(options)
    identity = experiment_id(client, connection, settings.pop("experiment"))
    with explained(connection.host, f"schedule {name}"):
        made = client.create_recurring_run(
            identity,
            name,
            cron_expression=timing.cron,
            max_concurrency=timing.max_concurrency,
            no_catchup=not timing.catch_up,
            enabled=timing.enabled,
            pipeline_id=uploaded.pipeline_id,
            version_id=uploaded.version_id,
            **settings,
        )
    return str(made.recurring_run_id)


def schedules(client: OneLookClient, connection: Connection, name: str | None = None) -> list[Schedule]:
    """Return every schedule of the namespace, or those of one name, the newest first.

    Raises:
        ConfigError: the server refuses.
        KubeflowError: the server failed or can't be reached.
    """
    namespace = connection.namespace or client.get_user_namespace() or None
    found: list[Schedule] = []
    token = ""
    with explained(connection.host, "list of schedules"):
        while True:
            page = client.list_recurring_runs(
                token, PAGE, NEWEST_FIRST, namespace=namespace, filter=None if name is None else named(name)
            )
            found += page.recurring_runs or []
            token = page.next_page_token or ""
            if not token:
                return found


def find_schedule(client: OneLookClient, connection: Connection, wanted: str) -> Schedule:
    """Return the schedule of a name or an id.

    Raises:
        ConfigError: none or several are meant, or the server refuses.
        KubeflowError: the server failed or can't be reached.
    """
    known = schedules(client, connection)
    matching = [one for one in known if one.recurring_run_id == wanted] or [one for one in known if one.display_name == wanted]
    if not matching:
        names = ", ".join(sorted({one.display_name for one in known})) or "none"
        raise ConfigError(f"{wanted}: no schedule has this name or id; there are: {names}")
    if len(matching) > 1:
        ids = ", ".join(one.recurring_run_id for one in matching)
        raise ConfigError(f"{wanted}: {len(matching)} schedules have this name; name one by its id: {ids}")
    return matching[0]


def pause(client: OneLookClient, connection: Connection, schedule: Schedule) -> None:
    """Have a schedule start no further runs; what runs goes on."""
    _act(client.disable_recurring_run, connection, schedule, "pausing")


def resume(client: OneLookClient, connection: Connection, schedule: Schedule) -> None:
    """Have a paused schedule start runs again."""
    _act(client.enable_recurring_run, connection, schedule, "resuming")


def delete(client: OneLookClient, connection: Connection, schedule: Schedule) -> None:
    """Delete a schedule; its past runs stay."""
    _act(client.delete_recurring_run, connection, schedule, "deleting")


def _act(action: Callable[[str], object], connection: Connection, schedule: Schedule, doing: str) -> None:
    with explained(connection.host, f"{doing} schedule {schedule.display_name}"):
        action(schedule.recurring_run_id)
