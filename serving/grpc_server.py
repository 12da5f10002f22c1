"""The gRPC server: port, TLS, thread pool, limits, health.

A pool of threads, because asyncio measured slower here: TensorFlow releases the interpreter lock while it computes.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import grpc
from grpc_health.v1 import health_pb2_grpc
from tensorflow_serving.apis import model_service_pb2_grpc, prediction_service_pb2_grpc

from pipeline.errors import ConfigError
from serving.grpc_services import ModelService, PredictionService
from serving.health import Health
from serving.message_first import MessageFirst
from serving.service import Service
from serving.waiting_calls import WaitingCalls

HEALTH_NAMES = ("", "ModelService", "PredictionService")
OPTIONS = (
    ("grpc.max_send_message_length", -1),
    ("grpc.so_reuseport", 0),  # a second server on one port is an error, not half of the requests
    # A client that connects and says nothing, or is gone without a word, does not stay for gRPC's two minutes or two hours.
    ("grpc.server_handshake_timeout_ms", 20_000),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 20_000),
    ("grpc.keepalive_permit_without_calls", 1),
)
SPARE_THREADS = 8  # so that health and status are answered while every place is taken by work
WATCHERS = 32  # of the server's health, each with a thread
UNREAD_SECONDS = 5.0  # that a stopping server gives a client to read its answer: gRPC does not tell whether it reads at all
QUIET_SECONDS = 1.0  # after the last call, for clients to close their connections
LOOK_SECONDS = 0.2


@dataclass(frozen=True)
class Listening:
    """Where and how a server listens.

    Args:
        host: address to bind.
        port: TCP port; 0: any free one.
        credentials: for TLS; None: plain.
        message_bytes: largest request message.
        in_flight: requests worked on at once.
        has_health: whether it tells about its health.
    """

    host: str
    port: int
    credentials: grpc.ServerCredentials | None = None
    message_bytes: int = 64 * 2**20
    in_flight: int = 64
    has_health: bool = True


class GrpcServer:
    """A started gRPC server."""

    def __init__(self, service: Service, listening: Listening) -> None:
        """Bind the port; calls are answered after `start`.

        Raises:
            ConfigError: when the port can't be had.
        """
        waiting = 2 * listening.in_flight
        threads = listening.in_flight + waiting + WATCHERS + SPARE_THREADS
        options = [*OPTIONS, ("grpc.max_receive_message_length", listening.message_bytes)]
        pool = ThreadPoolExecutor(threads, thread_name_prefix="grpc")
        self._calls, self._watchers = WaitingCalls(waiting), WaitingCalls(WATCHERS)
        self._health = Health(HEALTH_NAMES, self._watchers)
        # Twice the threads: one of an ended call is free a moment later, and nobody is to be refused for that.
        limits = {"options": options, "maximum_concurrent_rpcs": 2 * threads}
        self._server = grpc.server(pool, interceptors=[MessageFirst(self._calls)], **limits)
        prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(PredictionService(service), self._server)
        model_service_pb2_grpc.add_ModelServiceServicer_to_server(ModelService(service), self._server)
        if listening.has_health:
            health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        self.port = self._bind(listening)

    def start(self) -> None:
        """Answer calls from now on."""
        self._server.start()

    def stop(self, seconds: float) -> None:
        """Say NOT_SERVING, take no new call, give those in work so many seconds, then end.

        An answer that is not read is not waited for as long, and a connection without a call hardly at all: each would hold up
        the end for everybody. gRPC itself waits until every client has closed its connection, one that is dead too.
        """
        self._health.stop()
        stopped = self._server.stop(seconds)
        self._calls.close()
        self._watchers.close()
        while not stopped.wait(LOOK_SECONDS):
            self._calls.end_longer(UNREAD_SECONDS)
            self._watchers.end_longer(UNREAD_SECONDS)
            if not self._has_calls and not stopped.wait(QUIET_SECONDS):
                self._server.stop(0)

    @property
    def _has_calls(self) -> bool:
        """Whether a call is open; gRPC has no public word for it."""
        return bool(self._server._state.rpc_states)

    def _bind(self, listening: Listening) -> int:
        host = f"[{listening.host}]" if ":" in listening.host else listening.host
        address = f"{host}:{listening.port}"
        try:
            if listening.credentials is None:
                return int(self._server.add_insecure_port(address))
            return int(self._server.add_secure_port(address, listening.credentials))
        except RuntimeError as error:
            keys = ", and server_key and server_cert of --ssl_config_file must be the PEM texts of one pair"
            expected = f"expected a free port of this machine{keys if listening.credentials else ''}"
            raise ConfigError(f"--port: can't listen on {address}; {expected}") from error
