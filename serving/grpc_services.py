"""TF Serving's gRPC services: messages in, messages out, a ServingError as the call's status."""

from collections.abc import Callable
from typing import Any, NoReturn, TypeVar

import grpc
from google.protobuf.message import Message
from tensorflow_serving.apis import model_service_pb2_grpc, prediction_service_pb2_grpc

from serving import model_info
from serving.service import Service
from serving.serving_error import ServingError, unforeseen

LONGEST_DEADLINE = 366 * 24 * 3600.0
Answer = TypeVar("Answer", bound=Message)


class PredictionService(prediction_service_pb2_grpc.PredictionServiceServicer):
    """tensorflow.serving.PredictionService."""

    def __init__(self, service: Service) -> None:
        """Answer from a service."""
        self._service = service

    def Predict(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802 - gRPC's name
        """Run a signature on tensors."""
        return self._counted("Predict", self._service.predict, request, context)

    def Classify(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Run a classification signature on examples."""
        return self._counted("Classify", self._service.classify, request, context)

    def GetModelMetadata(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Return the signatures of a version."""
        return answered(context, lambda: model_info.metadata(self._service.manager, request))

    def Regress(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: ARG002, N802
        """Refuse: medtfx makes no regression models."""
        refuse(context, "Regress")

    def MultiInference(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: ARG002, N802
        """Refuse: one Predict call returns all outputs."""
        refuse(context, "MultiInference")

    def _counted(
        self, api: str, work: Callable[[Any, float | None], Answer], request: Any, context: grpc.ServicerContext
    ) -> Answer:
        def answer() -> Answer:
            with self._service.counted(request.model_spec.name, api, "GRPC"):
                return work(request, seconds_left(context))

        return answered(context, answer)


class ModelService(model_service_pb2_grpc.ModelServiceServicer):
    """tensorflow.serving.ModelService."""

    def __init__(self, service: Service) -> None:
        """Answer from a service."""
        self._service = service

    def GetModelStatus(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Return the states of a model's versions."""
        return answered(context, lambda: model_info.status(self._service.manager, request))

    def HandleReloadConfigRequest(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        """Serve other models from now on."""
        return answered(context, lambda: self._service.reloading.from_request(request, seconds_left(context)))


def seconds_left(context: grpc.ServicerContext) -> float | None:
    """Return what is left of a call's time; None without a deadline, for which gRPC gives a number of centuries."""
    seconds = context.time_remaining()
    return None if seconds is None or seconds > LONGEST_DEADLINE else float(seconds)


def answered(context: grpc.ServicerContext, answer: Callable[[], Answer]) -> Answer:
    """Return the answer, or end the call with the code and text of its error."""
    try:
        return answer()
    except ServingError as error:
        end(context, error)
    except Exception as error:  # one request must not look like a dead server
        end(context, unforeseen(error))


def end(context: grpc.ServicerContext, error: ServingError) -> NoReturn:
    """End a call by an error."""
    context.abort(error.code, str(error))
    raise error  # not reached: abort raises


def refuse(context: grpc.ServicerContext, method: str) -> NoReturn:
    """End a call that this server does not answer."""
    text = f"{method} is not implemented by medtfx serve; use Predict or Classify"
    end(context, ServingError(grpc.StatusCode.UNIMPLEMENTED, text))
