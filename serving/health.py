"""grpc.health.v1: is the server ready?

The service of grpcio-health-checking sends to watchers while it holds the lock that every check needs: one watcher that does not
read, and no check is answered and the server does not end.
"""

from collections.abc import Iterator, Sequence
from threading import Condition

import grpc
from grpc_health.v1 import health_pb2_grpc
from grpc_health.v1.health_pb2 import HealthCheckRequest, HealthCheckResponse

from serving.waiting_calls import WATCHER, WaitingCalls


class Health(health_pb2_grpc.HealthServicer):
    """Tells that some services serve, until `stop`."""

    def __init__(self, names: Sequence[str], watchers: WaitingCalls) -> None:
        """Answer about services of these names, '' among them for the whole server."""
        self._names, self._watchers = names, watchers
        self._status, self._changed = HealthCheckResponse.SERVING, Condition()

    def stop(self) -> None:
        """Say NOT_SERVING from now on; watchers are told, and their calls end."""
        self._status = HealthCheckResponse.NOT_SERVING
        self._wake()

    def Check(self, request: HealthCheckRequest, context: grpc.ServicerContext) -> HealthCheckResponse:  # noqa: N802 - gRPC's name
        """Tell the status of a service."""
        if request.service not in self._names:
            context.abort(grpc.StatusCode.NOT_FOUND, "")
        return HealthCheckResponse(status=self._status)

    def Watch(self, request: HealthCheckRequest, context: grpc.ServicerContext) -> Iterator[HealthCheckResponse]:  # noqa: N802
        """Tell the status of a service at once and when it changes; of one that is unknown, that it is."""
        is_known = request.service in self._names
        context.add_callback(self._wake)
        with self._watchers.waiting(context, WATCHER):
            yield HealthCheckResponse(status=self._status if is_known else HealthCheckResponse.SERVICE_UNKNOWN)
            with self._changed:
                self._changed.wait_for(lambda: self._status == HealthCheckResponse.NOT_SERVING or not context.is_active())
            if is_known:
                yield HealthCheckResponse(status=HealthCheckResponse.NOT_SERVING)

    def _wake(self) -> None:
        with self._changed:
            self._changed.notify_all()
