"""The real client against the double of the API."""

from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import ConfigError
from pipeline.kubeflow.connection import Connection, OneLookClient
from pipeline.kubeflow.package_interface import read_interface
from pipeline.kubeflow.submission import experiment_id, silent, start_run, upload


def test_package_is_new_once_for_each_pipeline(
    client: OneLookClient, connection: Connection, package: Path, kubeflow: Any
) -> None:
    interface = read_interface(package)
    first, again = (upload(client, connection, interface) for _ in range(2))
    assert (first.new, again.new) == (True, False)
    assert (again.pipeline_id, again.version_id) == (first.pipeline_id, first.version_id)
    other = upload(client, connection, interface, "chest")
    assert other.new
    assert other.pipeline_id != first.pipeline_id
    assert [version["display_name"] for version in kubeflow.versions] == [interface.version] * 2


def test_run_is_of_the_uploaded_version_with_its_parameters(
    client: OneLookClient, connection: Connection, package: Path, kubeflow: Any
) -> None:
    uploaded = upload(client, connection, read_interface(package))
    identity = start_run(client, connection, uploaded, name="night", experiment="ward", settings={"params": {"config": "x"}})
    (run,) = kubeflow.runs
    assert (run["run_id"], run["display_name"]) == (identity, "night")
    assert run["pipeline_version_reference"]["pipeline_version_id"] == uploaded.version_id
    assert run["runtime_config"]["parameters"]["config"] == "x"


def test_experiment_is_made_once_and_refused_where_its_name_is_ambiguous(
    client: OneLookClient, connection: Connection, kubeflow: Any
) -> None:
    assert experiment_id(client, connection, "ward") == experiment_id(client, connection, "ward")
    (made,) = kubeflow.experiments
    kubeflow.experiments.append({**made, "experiment_id": "another"})
    with pytest.raises(ConfigError, match=r"experiment ward: .* has several of that name; choose another --experiment"):
        experiment_id(client, connection, "ward")


def test_what_kfp_prints_stays_off_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    with silent():
        print("Experiment details: ...")  # noqa: T201 - as kfp does
    assert capsys.readouterr().out == ""
