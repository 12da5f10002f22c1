"""What a served model is asked over gRPC, and how long it takes to answer."""

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass

import grpc
import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

from components.infra_validator import golden
from components.infra_validator.server_process import MODEL, ServerError, ServerProcess
from models import features

BATCH = 8  # images of a request: what is sent stays below limits of messages, and the server's memory that of its warm-up
TIMED_REQUESTS = 32  # at least, so that the 95th percentile is one of them and not the slowest
Answers = dict[str, np.ndarray]


@dataclass(frozen=True)
class Interview:
    """What a server said and took.

    Args:
        answers: by name, each with a row per golden request; `explained` and `heat_map` are of the first alone.
        milliseconds: of each request for one image.
        memory_mb: the most memory that the process had resident.
    """

    answers: Answers
    milliseconds: Sequence[float]
    memory_mb: float


def interview(server: ServerProcess, requests: Sequence[golden.Request], *, time_limit: float) -> Interview:
    """Have a server that was offered a model answer all golden requests.

    Args:
        server: it was offered its model.
        requests: one at least.
        time_limit: seconds from now, for the rest of the load and all answers.

    Raises:
        ServerError: when it ends, is not ready in time, or does not answer.
    """
    end = time.monotonic() + time_limit
    images = [request.encoded for request in requests]
    with closing(server.channel(end)) as channel:
        asker = Asker(channel, end)
        try:
            answers = asker.in_batches("predict_image", features.IMAGE, images)
            answers["pixels"] = asker.in_batches("canonical_image", features.IMAGE, images)["pixels"]
            examples = golden.serialized_examples(requests)
            answers["from_examples"] = asker.in_batches("serving_default", "examples", examples)["probabilities"]
            answers["alone"], milliseconds = alone(asker, images)
            explanation = asker.ask("explain_image", features.IMAGE, images[:1])
        except grpc.RpcError as error:
            raise ServerError(server.ending() or in_words(error, time_limit)) from error
        answers |= {"explained": explanation["probabilities"], "heat_map": explanation["heat_map"]}
        return Interview(answers, milliseconds, server.peak_memory_mb())


class Asker:
    """Asks one model on an open channel."""

    def __init__(self, channel: grpc.Channel, end: float) -> None:
        """Answers must come before `end`, a time of time.monotonic()."""
        self._stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        self._end = end

    def ask(self, signature: str, argument: str, batch: Sequence[bytes]) -> Answers:
        """Return the outputs of a signature for one batch.

        Raises:
            grpc.RpcError: in place of an answer.
        """
        return self.prepared(signature, argument, batch)()

    def prepared(self, signature: str, argument: str, batch: Sequence[bytes]) -> Callable[[], Answers]:
        """Return a request that is ready to be sent, so that making it is not timed."""
        request = predict_pb2.PredictRequest()
        request.model_spec.name, request.model_spec.signature_name = MODEL, signature
        request.inputs[argument].CopyFrom(tf.make_tensor_proto(list(batch), tf.string))

        def send() -> Answers:
            response = self._stub.Predict(request, timeout=max(self._end - time.monotonic(), 0.001))
            return {name: _plain(tf.make_ndarray(tensor)) for name, tensor in response.outputs.items()}

        return send

    def in_batches(self, signature: str, argument: str, values: Sequence[bytes]) -> Answers:
        """Return the outputs of a signature for values of any number.

        Raises:
            grpc.RpcError: in place of an answer.
        """
        asked = [self.ask(signature, argument, batch) for batch in batches(values)]
        return {name: np.concatenate([outputs[name] for outputs in asked]) for name in asked[0]}


def batches(values: Sequence[bytes]) -> list[Sequence[bytes]]:
    """Cut values into the batches that they are sent in."""
    return [values[start : start + BATCH] for start in range(0, len(values), BATCH)]


def alone(asker: Asker, images: Sequence[bytes]) -> tuple[np.ndarray, list[float]]:
    """Ask for each image by itself, one after the other, again and again until enough are timed.

    Returns:
        probabilities float32 [images, classes] of the first round, and the milliseconds of every request.
    """
    sends = [asker.prepared("predict_image", features.IMAGE, [image]) for image in images]
    found, milliseconds = [], list[float]()
    for _ in range(-(-TIMED_REQUESTS // len(sends))):
        for send in sends:
            begin = time.perf_counter()
            found.append(send()["probabilities"])
            milliseconds.append(1000 * (time.perf_counter() - begin))
    return np.concatenate(found[: len(images)]), milliseconds


def in_words(error: grpc.RpcError, time_limit: float) -> str:
    """Say what became of a request that was not answered."""
    if error.code() is grpc.StatusCode.DEADLINE_EXCEEDED:
        return f"no answer within {time_limit:g} s"
    return f"{error.code().name}: {' '.join(str(error.details()).split())[:500]}"


def _plain(array: np.ndarray) -> np.ndarray:
    """Return texts as such: TensorFlow gives them as bytes objects."""
    return np.char.decode(array.astype(np.bytes_), "utf-8") if array.dtype == object else array
