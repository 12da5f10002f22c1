"""Requests about images, serialised once, and clients that do nothing but send them."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import grpc
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2

from bench.serving.server_process import MODEL, ServerProcess
from serving.client.calls import PREDICT

CHANNELS = 4
SECONDS = 300  # deadline
OWN_CONNECTION = [("grpc.use_local_subchannel_pool", 1)]


def serialised(signature: str, images: Sequence[bytes], *outputs: str) -> bytes:
    """Return a Predict request about images; no outputs: all of them."""
    request = predict_pb2.PredictRequest(output_filter=outputs)
    request.model_spec.name, request.model_spec.signature_name = MODEL, signature
    request.inputs["image"].CopyFrom(tf.make_tensor_proto(images, tf.string))
    content: bytes = request.SerializeToString()
    return content


@dataclass(frozen=True)
class Cost:
    """What answering images took.

    Args:
        images: how many.
        seconds: wall time.
        processor: processor seconds, of client and server.
    """

    images: int
    seconds: float
    processor: float

    @property
    def per_second(self) -> float:
        """Images a second."""
        return self.images / self.seconds

    @property
    def processor_ms(self) -> float:
        """Milliseconds of processor an image."""
        return self.processor / self.images * 1e3


class RawClients:
    """So many clients at once, over a few connections; answers are not read."""

    def __init__(self, server: ServerProcess, count: int) -> None:
        """Open the connections."""
        self._server, self._pool = server, ThreadPoolExecutor(count)
        self._channels = [grpc.insecure_channel(server.address, OWN_CONNECTION) for _ in range(CHANNELS)]
        self._calls = [channel.unary_unary(PREDICT) for channel in self._channels]

    def ask(self, requests: Sequence[bytes], count: int) -> Cost:
        """Send `count` requests of one image each, in turn, and wait for all answers."""
        begin, used = time.perf_counter(), self._processor()
        list(self._pool.map(lambda n: self._calls[n % CHANNELS](requests[n % len(requests)], timeout=SECONDS), range(count)))
        return Cost(count, time.perf_counter() - begin, self._processor() - used)

    def close(self) -> None:
        """Close the connections."""
        self._pool.shutdown()
        for channel in self._channels:
            channel.close()

    def _processor(self) -> float:
        return time.process_time() + self._server.processor_seconds
