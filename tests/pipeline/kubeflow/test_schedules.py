"""The real client against the double of the API."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import ConfigError
from pipeline.kubeflow import schedules
from pipeline.kubeflow.connection import Connection, OneLookClient
from pipeline.kubeflow.package_interface import read_interface
from pipeline.kubeflow.schedules import Timing, find_schedule, make_schedule
from pipeline.kubeflow.submission import upload

Make = Callable[..., str]


@pytest.fixture
def make(client: OneLookClient, connection: Connection, package: Path) -> Make:
    """Make a schedule of the package and return its id."""
    uploaded = upload(client, connection, read_interface(package))
    options = {"experiment": "ward", "params": {"config": "x"}}

    def named(name: str, timing: Timing | None = None) -> str:
        return make_schedule(client, connection, uploaded, name=name, timing=timing or Timing("0 0 3 * * *"), options=options)

    return named


def test_timing_is_what_the_server_is_told(make: Make, kubeflow: Any) -> None:
    make("usual")
    make("own", Timing("0 30 4 * * 1", max_concurrency=3, catch_up=True, enabled=False))
    usual, own = kubeflow.recurring
    assert (usual["max_concurrency"], usual["no_catchup"], usual["mode"]) == ("1", True, "ENABLE")
    assert (own["max_concurrency"], own["no_catchup"], own["mode"]) == ("3", False, "DISABLE")
    assert own["trigger"]["cron_schedule"]["cron"] == "0 30 4 * * 1"


def test_every_page_of_a_long_list_is_read(
    make: Make, client: OneLookClient, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [make(f"ward-{number}") for number in range(5)]
    monkeypatch.setattr(schedules, "PAGE", 2)
    found = schedules.schedules(client, connection)
    assert sorted(one.recurring_run_id for one in found) == sorted(made)
    (single,) = schedules.schedules(client, connection, "ward-3")
    assert single.recurring_run_id == made[3]


def test_schedule_is_found_by_name_or_id_and_an_ambiguous_name_is_refused(
    make: Make, client: OneLookClient, connection: Connection
) -> None:
    night, first, second = make("night"), make("twin"), make("twin")
    assert find_schedule(client, connection, "night").recurring_run_id == night
    assert find_schedule(client, connection, second).recurring_run_id == second
    with pytest.raises(ConfigError, match="twin: 2 schedules have this name; name one by its id") as error:
        find_schedule(client, connection, "twin")
    assert first in str(error.value)
    with pytest.raises(ConfigError, match="day: no schedule has this name or id; there are: night, twin"):
        find_schedule(client, connection, "day")


def test_paused_schedule_is_resumed_and_a_deleted_one_is_gone(
    make: Make, client: OneLookClient, connection: Connection, kubeflow: Any
) -> None:
    make("night")
    found = find_schedule(client, connection, "night")
    states = []
    for act in (schedules.pause, schedules.resume, schedules.delete):
        act(client, connection, found)
        states.append([one["status"] for one in kubeflow.recurring])
    assert states == [["DISABLED"], ["ENABLED"], []]
    with pytest.raises(ConfigError, match="pausing schedule night"):
        schedules.pause(client, connection, found)
