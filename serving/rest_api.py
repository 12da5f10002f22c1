"""TF Serving's REST API as a function: method, path and body in, status and JSON out.

Paths: tensorflow/serving, model_servers/http_rest_api_util.cc.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import unquote_to_bytes

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

MODEL = r"(?:/versions/(?P<version>\d+)|/labels/(?P<label>[^/:]+))?"
WORK = re.compile(rf"(?i)/v1/models/(?P<name>[^/:]+){MODEL}:(?P<method>classify|regress|predict)", re.ASCII)
LOOK = re.compile(rf"(?i)/v1/models(?:/(?P<name>[^/:]+))?{MODEL}(?:/(?P<metadata>metadata))?", re.ASCII)
API = re.compile(r"(?i)/v1/.*")
METRICS = "/monitoring/prometheus/metrics"
Read = TypeVar("Read")
JSON, TEXT = "application/json", "text/plain"


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
        seconds: time limit of a request.
        metrics_path: where Prometheus reads; '': nowhere.
    """

    service: Service
    seconds: float = 30.0
    metrics_path: str = METRICS

    def reply(self, method: str, path: str, body: bytes) -> Reply:
        """Answer a request; every error is an answer too."""
        if self.metrics_path and path == self.metrics_path and method == "GET":
            return Reply(200, self.service.metrics.page(), TEXT)
        if not API.fullmatch(path):
            return Reply(404, error_body("Not Found"))
        try:
            return Reply(200, self._answer(method, path, body))
        except ServingError as error:
            return failed(error)
        except UnicodeEncodeError:  # half of a surrogate pair in a JSON string
            return failed(invalid("JSON Parse error: Invalid encoding in string."))
        except Exception as error:  # one request must not look like a dead server
            return failed(unforeseen(error))

    def _answer(self, method: str, path: str, body: bytes) -> str:
        pattern = {"POST": WORK, "GET": LOOK}.get(method)
        found = pattern.fullmatch(path) if pattern else None
        if found is None:
            raise invalid(f"Malformed request: {method} {path}")
        spec = model_spec(found.groupdict())
        if method == "GET":
            return self._metadata(spec) if found["metadata"] else self._status(spec)
        wanted = found["method"].lower()
        if wanted == "predict":
            return self._predict(spec, body)
        if wanted == "classify":
            given = self._read(spec, lambda: classify_request(body, spec))
            return classify_body(self.service.classify(given, self.seconds, entry="REST").result)
        raise ServingError(grpc.StatusCode.UNIMPLEMENTED, "regress is not implemented by medtfx serve; use predict or classify")

    def _predict(self, spec: model_pb2.ModelSpec, body: bytes) -> str:
        request, wanted = self._read(spec, lambda: predict_request(body, spec, lambda name: self._inputs(spec, name)))
        return predict_body(self.service.predict(request, self.seconds, entry="REST").outputs, wanted)

    def _read(self, spec: model_pb2.ModelSpec, read: Callable[[], Read]) -> Read:
        """Return the request of a body; one that can't be read is counted here, the others where they are answered."""
        try:
            return read()
        except ServingError as error:
            self.service.count(spec.name, error.code)
            raise

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


def model_spec(parts: Mapping[str, str | None]) -> model_pb2.ModelSpec:
    """Return model and version of a URL.

    Raises:
        ServingError: INVALID_ARGUMENT for what is no text, or a version above 2^63.
    """
    spec = model_pb2.ModelSpec(name=_decoded(parts["name"] or "", "name"))
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
