"""What a server says about its models, and how it is told to serve others.

Source: tensorflow/serving, servables/tensorflow/get_model_metadata_impl.cc, model_servers/get_model_status_impl.cc and
model_service_impl.cc.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Semaphore

import grpc
from tensorflow_serving.apis import get_model_metadata_pb2, get_model_status_pb2, model_management_pb2
from tensorflow_serving.config import model_server_config_pb2

from serving.model_config import ModelConfig, check_reachable, configs_of
from serving.model_manager import ModelManager
from serving.model_versions import Version
from serving.serving_error import ServingError, invalid

SIGNATURE_DEF = "signature_def"
MOST_RELOADS = 8


def metadata(
    manager: ModelManager, request: get_model_metadata_pb2.GetModelMetadataRequest
) -> get_model_metadata_pb2.GetModelMetadataResponse:
    """Return the signatures of a version.

    Raises:
        ServingError: INVALID_ARGUMENT without a model or with a field other than `signature_def`, NOT_FOUND for the model.
    """
    if not request.HasField("model_spec"):
        raise invalid("Missing ModelSpec")
    if not request.metadata_field:
        raise invalid("GetModelMetadataRequest must specify at least one metadata_field")
    for name in request.metadata_field:
        if name != SIGNATURE_DEF:
            raise invalid(f"Metadata field {name} is not supported")
    response = get_model_metadata_pb2.GetModelMetadataResponse()
    with manager.use(request.model_spec) as lease:
        signatures = get_model_metadata_pb2.SignatureDefMap(signature_def=lease.model.signatures)
        response.model_spec.name = lease.name
        response.model_spec.version.value = lease.version
    response.metadata[SIGNATURE_DEF].Pack(signatures)
    return response


def status(
    manager: ModelManager, request: get_model_status_pb2.GetModelStatusRequest
) -> get_model_status_pb2.GetModelStatusResponse:
    """Return the state of one version of a model, or of all.

    Raises:
        ServingError: INVALID_ARGUMENT without a model, NOT_FOUND for an unknown model or version.
    """
    if not request.HasField("model_spec"):
        raise invalid("Missing ModelSpec")
    spec = request.model_spec
    number = spec.version.value if spec.HasField("version") else None  # a label is not looked at, as in TF Serving
    versions = [version for version in manager.versions(spec.name) if number in (None, version.number)]
    if not versions:
        asked = f"any versions of model {spec.name}" if number is None else f"version {number} of model {spec.name}"
        raise ServingError(grpc.StatusCode.NOT_FOUND, f"Could not find {asked}")
    return get_model_status_pb2.GetModelStatusResponse(model_version_status=[_status_of(version) for version in versions])


def _status_of(version: Version) -> get_model_status_pb2.ModelVersionStatus:
    reported = get_model_status_pb2.ModelVersionStatus(version=version.number, state=int(version.state))
    reported.status.SetInParent()
    if version.error is not None:
        reported.status.error_code = version.error.number
        reported.status.error_message = str(version.error)
    return reported


@dataclass(frozen=True)
class Reloading:
    """Takes configurations while the server runs.

    Args:
        manager: of the models.
        start: what the server was started with: a client can name folders beside these only.
        turns: of the requests that wait for new models.
    """

    manager: ModelManager
    start: tuple[ModelConfig, ...]
    turns: Semaphore = field(default_factory=lambda: Semaphore(MOST_RELOADS))

    def from_request(
        self, request: model_management_pb2.ReloadConfigRequest, seconds: float | None
    ) -> model_management_pb2.ReloadConfigResponse:
        """Serve the models of a client's configuration from now on.

        Raises:
            ServingError: when it is not accepted, or a new model does not become available; RESOURCE_EXHAUSTED when too many
                others wait for theirs.
        """
        configs = configs_of(request.config, self.manager.names)
        check_reachable(configs, self.start)
        with self._turn():
            new = self._apply(configs)
            self.manager.wait_until_available(new, seconds)
        response = model_management_pb2.ReloadConfigResponse()
        response.status.SetInParent()
        return response

    def from_file(self, config: model_server_config_pb2.ModelServerConfig) -> None:
        """Serve the models of a configuration file from now on; one that has no version yet is not waited for.

        Raises:
            ServingError: when it is not accepted.
        """
        self._apply(configs_of(config, self.manager.names))

    def _apply(self, configs: list[ModelConfig]) -> list[str]:
        """Serve these models, and return the names of the new ones."""
        new = self.manager.configure(configs)
        self.manager.poll()
        return new

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Hold one of a few places: a reload may wait for ever for a model without versions, each in a thread of the server."""
        if not self.turns.acquire(blocking=False):
            text = f"{MOST_RELOADS} reloads wait for their models already; try again later, and set a deadline"
            raise ServingError(grpc.StatusCode.RESOURCE_EXHAUSTED, text)
        try:
            yield
        finally:
            self.turns.release()
