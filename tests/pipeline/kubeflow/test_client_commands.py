import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import ConfigError
from pipeline.kubeflow import client_commands
from pipeline.kubeflow.package_interface import read_interface

CRON = "0 0 3 * * *"


def test_submit_uploads_a_version_named_by_digest_and_runs_it(asked, kubeflow, package: Path, config_file: Path) -> None:
    told = json.loads(asked("submit", package, "--config", config_file, "-p", "span=12", "-p", "dry=true", "--json"))
    (run,) = kubeflow.runs
    assert told["run_id"] == run["run_id"]
    assert told["uploaded"] is True
    assert kubeflow.versions[0]["display_name"] == told["version"] == read_interface(package).version
    assert run["runtime_config"]["parameters"] == {"config": config_file.read_text(), "span": 12, "dry": True}
    assert run["pipeline_version_reference"]["pipeline_version_id"] == kubeflow.versions[0]["pipeline_version_id"]
    assert told["page"] == f"{kubeflow.host}/#/runs/details/{run['run_id']}"
    assert kubeflow.experiments[0]["display_name"] == "small"


def test_same_package_is_uploaded_once(asked, kubeflow, package: Path) -> None:
    for _ in range(2):
        shown = asked("submit", package, "-p", "config=x")
    assert len(kubeflow.pipelines) == len(kubeflow.versions) == len(kubeflow.experiments) == 1
    assert len(kubeflow.runs) == 2
    assert "was there already" in shown


def test_changed_package_is_a_new_version_of_the_same_pipeline(asked, kubeflow, package: Path, other_package: Path) -> None:
    for path in (package, other_package):
        asked("submit", path, "-p", "config=x")
    assert len(kubeflow.pipelines) == 1
    assert len({version["display_name"] for version in kubeflow.versions}) == 2


def test_upload_only_starts_nothing_and_needs_no_parameters(asked, kubeflow, package: Path) -> None:
    shown = asked("submit", package, "--upload-only", "--pipeline", "chest")
    assert kubeflow.runs == []
    assert kubeflow.pipelines[0]["display_name"] == "chest"
    assert "uploaded" in shown


def test_version_that_another_uploads_meanwhile_is_taken(asked, kubeflow, package: Path) -> None:
    def overtaken(operation: str) -> None:
        if operation == "upload_pipeline_version" and not kubeflow.versions:
            names = dict.fromkeys(("display_name", "name"), read_interface(package).version)
            kubeflow.versions.append(
                {"pipeline_version_id": "theirs", "pipeline_id": kubeflow.pipelines[0]["pipeline_id"], **names}
            )

    kubeflow.before = overtaken
    assert json.loads(asked("submit", package, "--upload-only", "--json"))["version_id"] == "theirs"


def test_schedule_runs_one_at_a_time_without_catching_up(asked, kubeflow, package: Path, config_file: Path) -> None:
    told = json.loads(asked("schedule", package, "--cron", CRON, "--config", config_file, "--json"))
    (made,) = kubeflow.recurring
    assert told["schedule_id"] == made["recurring_run_id"]
    assert made["trigger"] == {"cron_schedule": {"cron": CRON}}
    assert (made["mode"], made["no_catchup"], made["max_concurrency"]) == ("ENABLE", True, "1")
    assert made["runtime_config"]["parameters"]["config"] == config_file.read_text()


def test_schedule_options_reach_the_server(asked, kubeflow, package: Path) -> None:
    options = ("--max-concurrency", 3, "--catch-up", "--paused", "--service-account", "runner", "--pipeline-root", "s3://b/kfp")
    asked("schedule", package, "--cron", CRON, "-p", "config=[[ScheduledTime]]", "--name", "nightly", *options)
    (made,) = kubeflow.recurring
    assert (made["mode"], made["no_catchup"], made["max_concurrency"]) == ("DISABLE", False, "3")
    assert (made["display_name"], made["service_account"]) == ("nightly", "runner")
    assert made["runtime_config"] == {"parameters": {"config": "[[ScheduledTime]]"}, "pipeline_root": "s3://b/kfp"}


def test_schedule_of_the_same_name_is_made_only_to_replace(asked, kubeflow, package: Path) -> None:
    asked("schedule", package, "--cron", CRON, "-p", "config=x")
    with pytest.raises(ConfigError, match=r"is there already .*--replace"):
        asked("schedule", package, "--cron", "0 0 4 * * *", "-p", "config=x")
    first = kubeflow.recurring[0]["recurring_run_id"]
    assert first in asked("schedule", package, "--cron", "0 0 4 * * *", "-p", "config=x", "--replace")
    (kept,) = kubeflow.recurring
    assert kept["trigger"]["cron_schedule"]["cron"] == "0 0 4 * * *"


def test_replaced_schedule_stays_when_the_new_one_is_refused(asked, kubeflow, api_double, package: Path) -> None:
    asked("schedule", package, "--cron", CRON, "-p", "config=x")
    kubeflow.failures.append(api_double.Failure("recurring_run_service_create_recurring_run", 403))
    with pytest.raises(ConfigError, match="403"):
        asked("schedule", package, "--cron", CRON, "-p", "config=x", "--replace")
    assert len(kubeflow.recurring) == 1


def test_schedule_is_paused_resumed_and_deleted_by_name_or_id(asked, kubeflow, package: Path) -> None:
    asked("schedule", package, "--cron", CRON, "-p", "config=x")
    made = kubeflow.recurring[0]
    asked("pause", "small")
    assert made["status"] == "DISABLED"
    assert "paused" in asked("list")
    asked("resume", made["recurring_run_id"])
    assert made["status"] == "ENABLED"
    assert json.loads(asked("delete", "small", "--json"))["state"] == "deleted"
    assert kubeflow.recurring == []


@pytest.mark.parametrize("command", ["pause", "resume", "delete"])
def test_unknown_schedule_is_named_with_those_there(asked, package: Path, command: str) -> None:
    asked("schedule", package, "--cron", CRON, "-p", "config=x", "--name", "nightly")
    with pytest.raises(ConfigError, match="nightli: no schedule has this name or id; there are: nightly"):
        asked(command, "nightli")


def test_ambiguous_name_asks_for_an_id(asked, kubeflow, package: Path) -> None:
    asked("schedule", package, "--cron", CRON, "-p", "config=x")
    kubeflow.recurring.append({**kubeflow.recurring[0], "recurring_run_id": "second"})
    with pytest.raises(ConfigError, match="2 schedules have this name; name one by its id: second"):
        asked("delete", "small")


def test_schedule_on_a_later_page_is_found(asked, kubeflow, package: Path) -> None:
    asked("schedule", package, "--cron", CRON, "-p", "config=x", "--name", "oldest")
    others = [{**kubeflow.recurring[0], "display_name": f"s{n}", "recurring_run_id": f"id{n}"} for n in range(150)]
    kubeflow.recurring += others
    asked("pause", "oldest")
    assert kubeflow.recurring[0]["status"] == "DISABLED"


def test_list_shows_schedules_and_the_latest_runs(asked, kubeflow, package: Path) -> None:
    asked("schedule", package, "--cron", CRON, "-p", "config=x", "--name", "nightly")
    for name in ("first", "second", "third"):
        asked("submit", package, "-p", "config=x", "--name", name)
    kubeflow.runs[2] |= {"state": "SUCCEEDED", "finished_at": "2026-01-02T03:05:15Z"}
    kubeflow.runs[1] |= {"state": "RUNNING", "finished_at": "1970-01-01T00:00:00Z"}  # as the server writes 'not yet'
    told = json.loads(asked("list", "--limit", 2, "--json"))
    assert [(run["name"], run["state"], run["seconds"]) for run in told["runs"]] == [
        ("third", "succeeded", "70"),
        ("second", "running", "-"),
    ]
    assert [(one["name"], one["when"], one["state"]) for one in told["schedules"]] == [("nightly", CRON, "enabled")]
    shown = asked("list")
    assert "schedules: 1" in shown
    assert "0 0 3 * * *" in shown


def test_list_of_nothing_says_none(asked) -> None:
    assert asked("list") == "schedules: none\nlatest 20 runs: none\n"


def test_with_several_users_everything_goes_by_namespace(asked, kubeflow, package: Path) -> None:
    kubeflow.multi_user = True
    with pytest.raises(ConfigError, match="several users: name your namespace with --namespace"):
        asked("list")
    asked("schedule", package, "--cron", CRON, "-p", "config=x", "-n", "ward")
    asked("list", "-n", "ward")
    asked("pause", "small", "-n", "ward")
    assert {one.query["namespace"] for one in kubeflow.seen if "_list_" in one.operation and "versions" not in one.operation} == {
        "ward"
    }
    assert kubeflow.pipelines[0]["namespace"] == kubeflow.experiments[0]["namespace"] == "ward"


def test_interval_of_a_schedule_made_elsewhere_is_shown() -> None:
    class Periodic:
        interval_second = "3600"

    class Trigger:
        cron_schedule = None
        periodic_schedule = Periodic

    class Made:
        trigger = Trigger

    made: Any = Made
    assert client_commands._when(made) == "every 3600 s"


def test_wrong_package_is_told_before_the_server_is_asked(asked: Callable[..., str], kubeflow, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        asked("submit", tmp_path / "none.yaml")
    assert kubeflow.seen == []
