"""A package on its way to a run: the pipeline, its version, the experiment, the run."""

import contextlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import kfp_server_api
from kfp_server_api import ApiException

from pipeline.errors import ConfigError
from pipeline.kubeflow.api_errors import explained
from pipeline.kubeflow.connection import Connection, OneLookClient
from pipeline.kubeflow.package_interface import PackageInterface

EQUALS = 1  # KFP's filter operation


@dataclass(frozen=True)
class Uploaded:
    """A version of a pipeline on the server.

    Args:
        new: whether this upload brought it.
    """

    pipeline: str
    pipeline_id: str
    version: str
    version_id: str
    new: bool


def named(name: str) -> str:
    """Return KFP's filter for one display name."""
    return json.dumps({"predicates": [{"operation": EQUALS, "key": "display_name", "stringValue": name}]})


def upload(client: OneLookClient, connection: Connection, package: PackageInterface, pipeline: str | None = None) -> Uploaded:
    """Bring a package to the server as a version of its pipeline, unless that version is there already.

    Args:
        pipeline: name of the pipeline, made when absent; default: the package's own.

    Raises:
        ConfigError: the server refuses.
        KubeflowError: the server failed or can't be reached.
    """
    name = pipeline or package.name
    with explained(connection.host, f"upload of {package.path}"):
        pipeline_id = _find_pipeline(client, connection, name) or _make_pipeline(client, connection, name)
        there = _find_version(client, pipeline_id, package.version)
        version_id = there or _make_version(client, pipeline_id, package)
    return Uploaded(name, pipeline_id, package.version, version_id, new=there is None)


def _find_pipeline(client: OneLookClient, connection: Connection, name: str) -> str | None:
    found = client.list_pipelines(filter=named(name), namespace=connection.namespace or client.get_user_namespace() or None)
    return found.pipelines[0].pipeline_id if found.pipelines else None


def _make_pipeline(client: OneLookClient, connection: Connection, name: str) -> str:
    """Make an empty pipeline: kfp's own upload would name the first version as the pipeline, not by its digest."""
    namespace = connection.namespace or client.get_user_namespace() or None
    wanted = kfp_server_api.V2beta1Pipeline(name=name, display_name=name, namespace=namespace)
    return str(client.pipelines.pipeline_service_create_pipeline(pipeline=wanted).pipeline_id)


def _find_version(client: OneLookClient, pipeline_id: str, version: str) -> str | None:
    found = client.list_pipeline_versions(pipeline_id, filter=named(version))
    return found.pipeline_versions[0].pipeline_version_id if found.pipeline_versions else None


def _make_version(client: OneLookClient, pipeline_id: str, package: PackageInterface) -> str:
    try:
        with silent():
            made = client.upload_pipeline_version(str(package.path), package.version, pipeline_id=pipeline_id)
    except ApiException as error:
        there = _find_version(client, pipeline_id, package.version) if error.status == HTTPStatus.CONFLICT else None
        if there is None:
            raise
        return there  # somebody else uploaded the same package just now
    return str(made.pipeline_version_id)


def experiment_id(client: OneLookClient, connection: Connection, name: str) -> str:
    """Return the experiment of a name, made when absent.

    Raises:
        ConfigError: the server refuses, or several have the name.
        KubeflowError: the server failed or can't be reached.
    """
    try:
        with explained(connection.host, f"experiment {name}"), silent():
            return str(client.create_experiment(name, namespace=connection.namespace or None).experiment_id)
    except ValueError as error:  # kfp's word for several of one name
        raise ConfigError(
            f"experiment {name}: {connection.host} has several of that name; choose another --experiment"
        ) from error


def start_run(
    client: OneLookClient, connection: Connection, uploaded: Uploaded, *, name: str, experiment: str, settings: Mapping[str, Any]
) -> str:
    """Start one run of a version and return its id.

    Args:
        settings: `params`, `pipeline_root` and `service_account`, as kfp names them.

    Raises:
        ConfigError: the server refuses.
        KubeflowError: the server failed or can't be reached.
    """
    identity = experiment_id(client, connection, experiment)
    with explained(connection.host, f"run {name}"), silent():
        run = client.run_pipeline(identity, name, pipeline_id=uploaded.pipeline_id, version_id=uploaded.version_id, **settings)
    return str(run.run_id)


def silent() -> contextlib.redirect_stdout[io.StringIO]:
    """Keep off stdout what kfp prints of its own accord: one JSON object is promised there."""
    return contextlib.redirect_stdout(io.StringIO())
