"""How Kubeflow Pipelines is reached: address, namespace, credentials. The environment is read for it here and nowhere else."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import kfp
import kfp_server_api
import urllib3
from kfp.client import ServiceAccountTokenVolumeCredentials
from kfp_server_api.rest import RESTClientObject, RESTResponse

from pipeline.errors import ConfigError
from pipeline.kubeflow.api_errors import NotTheApiError, explained

# The names that kfp's client and kfp's command line read.
HOST = ("KF_PIPELINES_ENDPOINT", "KFP_ENDPOINT")
UI_HOST = "KF_PIPELINES_UI_ENDPOINT"
NAMESPACE = "KFP_NAMESPACE"
TOKEN = "KFP_EXISTING_TOKEN"
TOKEN_FILE = "KF_PIPELINES_SA_TOKEN_PATH"
COOKIE = "KFP_COOKIE"  # ours: of a sign-in page's session, such as authservice_session=...
EXPERIMENT = "KF_PIPELINES_DEFAULT_EXPERIMENT_NAME"
INSTALLED_IN = "kubeflow"  # what kfp takes for 'no namespace was named'


@dataclass(frozen=True)
class Connection:
    """Where Kubeflow Pipelines is and who asks.

    Args:
        host: address with its scheme.
        namespace: of a user, where there are several; '' otherwise.
        token: bearer token; never shown.
        token_file: file of a token, read anew for each request.
        cookie: of a session; never shown.
        ca: PEM file of the authority of the server's certificate.
        seconds: to wait for a connection, and for an answer.
        ui_host: address of the pages, where it is another.
        experiment: that runs go into by default; '' for one named as the pipeline.
    """

    host: str
    namespace: str = ""
    token: str | None = field(default=None, repr=False)
    token_file: Path | None = None
    cookie: str | None = field(default=None, repr=False)
    ca: Path | None = None
    seconds: float = 30.0
    ui_host: str = ""
    experiment: str = ""

    def page(self, kind: str, identity: str) -> str:
        """Return the address of a page of the UI, of kind 'runs' or 'recurringrun'."""
        return f"{self.ui_host or self.host}/#/{kind}/details/{identity}"


def connection_from(
    environment: Mapping[str, str],
    host: str | None,
    namespace: str | None,
    *,
    token_file: Path | None,
    ca: Path | None,
    seconds: float,
) -> Connection:
    """Return the connection that options and environment describe; an option goes before the environment.

    Raises:
        ConfigError: without a host, or when a named file is not there.
    """
    host = host or next((environment[name] for name in HOST if environment.get(name)), None)
    if not host:
        raise ConfigError(
            f"where is Kubeflow Pipelines? Name it with --host or {HOST[0]}, such as https://kubeflow.example.org/pipeline; in a "
            "pod of the cluster http://ml-pipeline.kubeflow.svc.cluster.local:8888"
        )
    token = None if token_file else environment.get(TOKEN)
    if token_file is None and token is None and environment.get(TOKEN_FILE):
        token_file = Path(environment[TOKEN_FILE])
    for option, path in (("--token-file", token_file), ("--ca", ca)):
        if path is not None and not path.is_file():
            raise ConfigError(f"{option} {path}: no such file")
    return Connection(
        host=(host if "://" in host else f"https://{host}").rstrip("/"),
        namespace=namespace or environment.get(NAMESPACE, ""),
        token=token,
        token_file=token_file,
        cookie=environment.get(COOKIE),
        ca=ca,
        seconds=seconds,
        ui_host=environment.get(UI_HOST, "").rstrip("/"),
        experiment=environment.get(EXPERIMENT, ""),
    )


class TimedRest(RESTClientObject):
    """The generated client's transport with an end to waiting, which it lacks, and a look at what kind of answer came."""

    def __init__(self, configuration: kfp_server_api.Configuration, seconds: float) -> None:
        """Make the pool of connections; what may have been done is not sent twice."""
        configuration.retries = urllib3.Retry(connect=1, read=0, redirect=5)
        super().__init__(configuration)
        self._wait = (seconds, seconds)
        self._host = configuration.host

    def request(self, method: str, url: str, **options: Any) -> RESTResponse:
        """Send a request.

        Raises:
            NotTheApiError: when the answer is a web page, as a sign-in sends.
        """
        answer = super().request(method, url, **{**options, "_request_timeout": self._wait})
        kind = answer.urllib3_response.headers.get("Content-Type", "")
        if "json" not in kind:
            raise NotTheApiError(
                f"{self._host} answered with {kind or 'nothing'} instead of Kubeflow Pipelines' JSON: a sign-in page, or another "
                f"address. Check --host (it often ends in /pipeline); behind a sign-in set {COOKIE} or {TOKEN}"
            )
        return answer


class OneLookClient(kfp.Client):
    """kfp's client, which asks once whether the server is well.

    kfp's own asks five times, five seconds apart, and logs a stack trace each time.
    """

    def __init__(self, connection: Connection) -> None:
        """Connect; a namespace kept from an earlier use by kfp holds unless one is named."""
        self._seconds = connection.seconds
        file = connection.token_file
        super().__init__(
            host=connection.host,
            namespace=connection.namespace or INSTALLED_IN,
            existing_token=connection.token,
            credentials=ServiceAccountTokenVolumeCredentials(str(file)) if file else None,
            cookies=connection.cookie,
            ssl_ca_cert=str(connection.ca) if connection.ca else None,
        )

    def get_kfp_healthz(self) -> kfp_server_api.V2beta1GetHealthzResponse:
        """Return what the server says of itself."""
        shared = self._healthz_api.api_client  # one for all services
        if not isinstance(shared.rest_client, TimedRest):
            shared.rest_client = TimedRest(shared.configuration, self._seconds)
        return self._healthz_api.healthz_service_get_healthz()


def connect(connection: Connection) -> OneLookClient:
    """Return a client of a server that answers.

    Raises:
        ConfigError: refused, no secure connection, not Kubeflow Pipelines, or a namespace must be named.
        KubeflowError: the server can't be reached or failed.
    """
    with explained(connection.host, "connecting"), warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # that it is made for KFP 2
        client = OneLookClient(connection)
        several_users = client.get_kfp_healthz().multi_user
    if several_users and not client.get_user_namespace():
        raise ConfigError(f"{connection.host} serves several users: name your namespace with --namespace or {NAMESPACE}")
    return client
