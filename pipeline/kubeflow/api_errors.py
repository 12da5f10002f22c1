"""What Kubeflow Pipelines or the network answers instead of a result, as one message that says what to do.

Exit codes: 2 where the caller must change something (4xx, TLS), 1 where the same command may do later.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus

from kfp_server_api import ApiException
from urllib3 import exceptions as http

from pipeline.errors import ConfigError, MedtfxError

SHOWN_CHARACTERS = 300  # of what a server says
TRY_AGAIN = (HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS)
ADVICE: Mapping[int, str] = {
    400: "Put right what it names; `medtfx kubeflow submit --help` lists what can be given.",
    401: "The token is missing, wrong or expired: set KFP_EXISTING_TOKEN to a fresh one, or name its file with --token-file.",
    403: "The account may not do this here: name your own --namespace, or ask its owner for the role kubeflow-edit.",
    404: "It is gone (`medtfx kubeflow list` shows what there is), or the address is not that of Kubeflow Pipelines: see --host.",
    409: "It is there already: `medtfx kubeflow list` shows what there is.",
    429: "Try again in a minute.",
}
SERVER_SIDE = "Kubeflow Pipelines itself failed: try again, then look at `kubectl logs -n kubeflow deploy/ml-pipeline`."


class KubeflowError(MedtfxError):
    """Kubeflow Pipelines could not be reached or failed; the same command may do later."""


class NotTheApiError(ConfigError):
    """The address answers with something that is not Kubeflow Pipelines' API."""


@contextmanager
def explained(host: str, doing: str) -> Iterator[None]:
    """Turn an error of the client into one message.

    Args:
        host: the address asked.
        doing: what for, such as 'upload of package.yaml'.

    Raises:
        ConfigError: the caller must change something.
        KubeflowError: the server or the network failed.
    """
    try:
        yield
    except ApiException as error:
        raise _of_answer(error, host, doing) from error
    except http.HTTPError as error:
        raise _of_network(error, host, doing) from error


def _of_answer(error: ApiException, host: str, doing: str) -> MedtfxError:
    status = error.status or 0
    if not status:  # the generated client says so of TLS
        return _tls(host, doing, str(error.reason))
    said = f": {_said(error)}" if _said(error) else ""
    advice = ADVICE.get(status, SERVER_SIDE if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "See --host.")
    message = f"{doing}: {host} answered {status} {error.reason}{said}. {advice}"
    callers = HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR and status not in TRY_AGAIN
    return ConfigError(message) if callers else KubeflowError(message)


def _said(error: ApiException) -> str:
    """Return the server's own words, '' where it sent none or a web page."""
    try:
        body = json.loads(error.body or "")
        text = str(body.get("message") or body.get("error") or body.get("error_message") or "")
    except (ValueError, AttributeError):
        return ""
    return " ".join(text.split())[:SHOWN_CHARACTERS].rstrip(".")


def _of_network(error: http.HTTPError, host: str, doing: str) -> MedtfxError:
    cause = error.reason if isinstance(error, http.MaxRetryError) and error.reason else error
    if isinstance(cause, http.SSLError):
        return _tls(host, doing, str(cause))
    if isinstance(cause, http.TimeoutError) and not isinstance(cause, http.NewConnectionError):
        return KubeflowError(
            f"{doing}: no answer from {host} in time. Whether it was done is not known: look with `medtfx kubeflow list` before "
            "you repeat it. --timeout waits longer."
        )
    if isinstance(cause, http.NewConnectionError):  # refused, or a name that nobody knows
        return KubeflowError(
            f"{doing}: {host} can't be reached ({_last_words(cause)}). Check --host and the network; behind a cluster's door: "
            "kubectl port-forward -n kubeflow svc/ml-pipeline-ui 8080:80, then --host http://localhost:8080"
        )
    if isinstance(cause, http.LocationParseError | http.LocationValueError):
        return ConfigError(f"--host {host}: expected an address such as https://kubeflow.example.org/pipeline")
    return KubeflowError(f"{doing}: the connection to {host} broke ({_last_words(cause)}). Run the same command again.")


def _tls(host: str, doing: str, reason: str) -> ConfigError:
    words = " ".join(reason.split())[:SHOWN_CHARACTERS]
    return ConfigError(
        f"{doing}: no secure connection to {host}: {words}. Name the authority of its certificate with --ca PEM; a server "
        "without TLS needs http:// in --host"
    )


def _last_words(error: BaseException) -> str:
    """Return the innermost reason: urllib3 puts an object's address before it, or wraps an exception in a pair."""
    inner = error.args[-1] if error.args and isinstance(error.args[-1], BaseException) else error
    return str(inner).rsplit(": ", maxsplit=1)[-1]
