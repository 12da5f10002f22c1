"""TF Serving's REST API as a function: method, path and body in, status and JSON out.

Paths: tensorflow/serving, model_servers/http_rest_api_util.cc.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar
from urllib.parse import unquote, unquote_to_bytes

import grpc
from tensorflow_serving.apis import get_model_metadata_pb2, get_model_status_pb2, model_pb2

from serving import model_info
from serving.inference import DEFAULT_SIGNATURE
from serving.json_requests import classify_request, predict_request
from serving.json_responses import classify_body, metadata_body, predict_body, status_body
from serving.json_values import error_body
from serving.model_info import SIGNATURE_DEF
from serving.service import Service
from serving.serving_error import ServingError, invalid, unforeseen
from serving.version_policy import is_version

VERSION = r"(?:/versions/(?P<version>\d+)|/labels/(?P<label>[^/:]+))?"
PATTERNS = {
    "POST": re.compile(rf"(?i)/v1/models/(?P<name>[^/:]+){VERSION}:(?P<work>classify|regress|predict)", re.ASCII),
    "GET": re.compile(rf"(?i)/v1/models(?:/(?P<name>[^/:]+))?{VERSION}(?:/(?P<subresource>metadata))?", re.ASCII),
}
API = re.compile(r"(?i)/v1/.*")
WEB_ORIGIN = re.compile("https?://")
METRICS = "/monitoring/prometheus/metrics"
Parts = Mapping[str, str]
Read = TypeVar("Read")
JSON, TEXT = "application/json", "text/plain"
CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "POST, GET",
    "Access-Control-Allow-Headers": "Content-Type",
}


@dataclass(frozen=True)
class Reply:
    """A response."""

    status: int
    body: str | bytes
    kind: str = JSON
    headers: Mapping[str, str] = field(default_factory=dict)


def failed(error: ServingError) -> Reply:
    """Return the response that tells an error."""
    return Reply(error.http_status, error_body(str(error)))


@dataclass(frozen=True)
class RestApi:
    """Answers requests.

    Args:
        service: what is served.
        seconds: time limit of a request; None: none.
        metrics_path: where Prometheus reads; '': nowhere.
        has_cors: whether pages of other sites may read the answers.
    """

    service: Service
    seconds: float | None = 30.0
    metrics_path: str = METRICS
    has_cors: bool = False

    def reply(self, method: str, target: str, body: bytes, *, origin: str = "") -> Reply:
        """Answer a request; every error is an answer too.

        Args:
            method: such as 'GET'.
            target: path, and the query if there is one: it belongs to no path of the API.
            body: what came with it.
            origin: the header of that name.
        """
        if self.metrics_path and target.partition("?")[0] == self.metrics_path:
            return self._metrics(target)
        if not API.fullmatch(target):
            return Reply(404, error_body("Not Found"))
        reply = self._reply(method, target, body) if method != "OPTIONS" else preflight(origin)
        return replace(reply, headers=CORS) if self.has_cors else reply

    def _metrics(self, target: str) -> Reply:
        if target != self.metrics_path:
            return Reply(400, f"Unexpected path: {target}. Should be {self.metrics_path}", TEXT)
        return Reply(200, self.service.metrics.page(), TEXT)

    def _reply(self, method: str, target: str, body: bytes) -> Reply:
        found = PATTERNS[method].fullmatch(target) if method in PATTERNS else None
        parts = found.groupdict("") if found else {}
        try:
            with self.service.counted(unquote(parts.get("name", "")), parts.get("work", ""), "REST"):
                answer = self._answer(parts, body) if found else None
                if answer is None:
                    raise invalid(f"Malformed request: {method} {target}")
            return Reply(200, answer)
        except ServingError as error:
            return failed(error)
        except Exception as error:  # one request must not look like a dead server
            return failed(unforeseen(error))

    def _answer(self, parts: Parts, body: bytes) -> str | None:
        """Return the answer to a request; None for a method in capitals, which the pattern takes and TF Serving does not know."""
        spec = model_spec(parts)
        if "work" not in parts:
            return self._metadata(spec) if parts["subresource"] == "metadata" else self._status(spec)
        answers = {"predict": self._predict, "classify": self._classify, "regress": self._regress}
        return answers[parts["work"]](spec, body) if parts["work"] in answers else None

    def _predict(self, spec: model_pb2.ModelSpec, body: bytes) -> str:
        request, wanted = readable(lambda: predict_request(body, spec, lambda name: self._inputs(spec, name)))
        return predict_body(self.service.predict(request, self.seconds).outputs, wanted)

    def _classify(self, spec: model_pb2.ModelSpec, body: bytes) -> str:
        request = readable(lambda: classify_request(body, spec))
        return classify_body(self.service.classify(request, self.seconds).result)

    def _regress(self, spec: model_pb2.ModelSpec, body: bytes) -> str:  # noqa: ARG002 - as the others
        raise ServingError(grpc.StatusCode.UNIMPLEMENTED, "regress is not implemented by medtfx serve; use predict or classify")

    def _inputs(self, spec: model_pb2.ModelSpec, signature: str) -> Mapping[str, Any]:
        name = signature or DEFAULT_SIGNATURE
        with self.service.manager.use(spec) as lease:
            if name not in lease.model.signatures:
                raise invalid(f'Serving signature name: "{name}" not found in signature def')
            return dict(lease.model.signatures[name].inputs)

    def _status(self, spec: model_pb2.ModelSpec) -> str:
        if not spec.name:
            raise invalid("Missing model name in request.")
        return status_body(model_info.status(self.service.manager, get_model_status_pb2.GetModelStatusRequest(model_spec=spec)))

    def _metadata(self, spec: model_pb2.ModelSpec) -> str:
        if not spec.name:
            raise invalid("Missing model name in request.")
        request = get_model_metadata_pb2.GetModelMetadataRequest(model_spec=spec, metadata_field=[SIGNATURE_DEF])
        return metadata_body(model_info.metadata(self.service.manager, request))


def preflight(origin: str) -> Reply:
    """Answer a browser that asks whether a page may send its request."""
    return Reply(200 if WEB_ORIGIN.search(origin) else 400, "")


def readable(read: Callable[[], Read]) -> Read:
    """Return what a body was read as.

    Raises:
        ServingError: INVALID_ARGUMENT for half of a surrogate pair too, which is no text.
    """
    try:
        return read()
    except UnicodeEncodeError as error:
        raise invalid("JSON Parse error: The surrogate pair in string is invalid.") from error


def model_spec(parts: Parts) -> model_pb2.ModelSpec:
    """Return model and version of a URL.

    Raises:
        ServingError: INVALID_ARGUMENT for what is no text, or a version above 2^63.
    """
    spec = model_pb2.ModelSpec(name=_decoded(parts["name"], "name"))
    if version := parts["version"]:
        if not is_version(version):
            raise invalid(f"Failed to convert version: {version} to numeric.")
        spec.version.value = int(version)
    if label := parts["label"]:
        spec.version_label = _decoded(label, "version label")
    return spec


def _decoded(text: str, what: str) -> str:
    try:
        return unquote_to_bytes(text).decode()
    except UnicodeDecodeError as error:
        raise invalid(f"Failed to decode model {what}:{text}") from error
