"""One request, whichever way it came: admitted, answered by a held version, counted."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
from tensorflow_serving.apis import classification_pb2, predict_pb2

from serving.admission import Admission
from serving.inference import Inference
from serving.metrics import ServerMetrics
from serving.model_info import Reloading
from serving.model_manager import ModelManager
from serving.model_versions import Lease
from serving.serving_error import ServingError, invalid

UNKNOWN_MODEL = "unknown"


@dataclass(frozen=True)
class Service:
    """What both ways in share."""

    manager: ModelManager
    inference: Inference
    reloading: Reloading
    admission: Admission
    metrics: ServerMetrics = field(default_factory=ServerMetrics)

    def predict(self, request: predict_pb2.PredictRequest, seconds: float | None) -> predict_pb2.PredictResponse:
        """Answer a Predict request.

        Raises:
            ServingError: in place of an answer.
        """
        with self._admitted(request) as lease:
            return self.inference.predict(lease, request, seconds)

    def classify(
        self, request: classification_pb2.ClassificationRequest, seconds: float | None
    ) -> classification_pb2.ClassificationResponse:
        """Answer a Classify request.

        Raises:
            ServingError: in place of an answer.
        """
        with self._admitted(request) as lease:
            return self.inference.classify(lease, request, seconds)

    @contextmanager
    def counted(self, name: str, api: str, entry: str) -> Iterator[None]:
        """Count the request that a `with` block answers, and how long it took if it got its answer.

        Args:
            name: of the model asked for; it may be anything, so that only the names of configured models are labels.
            api: 'Predict' and 'Classify', and as they stand in the URL those of REST.
            entry: 'GRPC' or 'REST'.
        """
        start, status = time.perf_counter(), grpc.StatusCode.INTERNAL
        label = name if name in self.manager.names else UNKNOWN_MODEL
        try:
            yield
            status = grpc.StatusCode.OK
            self.metrics.request_latency.observe(time.perf_counter() - start, label, api, entry)
        except ServingError as error:
            status = error.code
            raise
        finally:
            self.metrics.requests.add(label, status.name)

    @contextmanager
    def _admitted(self, request: Any) -> Iterator[Lease]:
        if not request.HasField("model_spec"):
            raise invalid("Missing ModelSpec")
        with self.admission.admitted(), self.manager.use(request.model_spec) as lease:
            yield lease
