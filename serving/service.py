"""One request, whichever way it came: admitted, answered by a held version, counted."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import grpc
from google.protobuf.message import Message
from tensorflow_serving.apis import classification_pb2, predict_pb2

from serving.admission import Admission
from serving.inference import Inference
from serving.metrics import ServerMetrics
from serving.model_info import Reloading
from serving.model_manager import ModelManager
from serving.model_versions import Lease
from serving.serving_error import ServingError

UNKNOWN_MODEL = "unknown"
Answer = TypeVar("Answer", bound=Message)


@dataclass(frozen=True)
class Service:
    """What both ways in share."""

    manager: ModelManager
    inference: Inference
    reloading: Reloading
    admission: Admission
    metrics: ServerMetrics = field(default_factory=ServerMetrics)

    def predict(
        self, request: predict_pb2.PredictRequest, seconds: float | None, *, entry: str = "GRPC"
    ) -> predict_pb2.PredictResponse:
        """Answer a Predict request.

        Raises:
            ServingError: in place of an answer.
        """
        api = "Predict" if entry == "GRPC" else "predict"
        return self._counted(request.model_spec, (api, entry), lambda lease: self.inference.predict(lease, request, seconds))

    def classify(
        self, request: classification_pb2.ClassificationRequest, seconds: float | None, *, entry: str = "GRPC"
    ) -> classification_pb2.ClassificationResponse:
        """Answer a Classify request.

        Raises:
            ServingError: in place of an answer.
        """
        api = "Classify" if entry == "GRPC" else "classify"
        return self._counted(request.model_spec, (api, entry), lambda lease: self.inference.classify(lease, request, seconds))

    def count(self, name: str, status: grpc.StatusCode) -> None:
        """Count a request; what it asks for may be anything, so that only the names of configured models are labels."""
        self.metrics.requests.add(name if name in self.manager.names else UNKNOWN_MODEL, status.name)

    def _counted(self, spec: Any, labels: tuple[str, str], answer: Callable[[Lease], Answer]) -> Answer:
        start, status = time.perf_counter(), grpc.StatusCode.INTERNAL
        try:
            with self.admission.admitted(), self.manager.use(spec) as lease:
                response = answer(lease)
            status = grpc.StatusCode.OK
            self.metrics.request_latency.observe(time.perf_counter() - start, lease.name, *labels)
            return response
        except ServingError as error:
            status = error.code
            raise
        finally:
            self.count(spec.name, status)
