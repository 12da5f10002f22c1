"""The error of one request: a code and a text that the client gets, over gRPC or REST."""

import logging

import grpc

from pipeline.errors import MedtfxError

logger = logging.getLogger(__name__)
TEXT_LIMIT = 1024  # characters, as TF Serving cuts (grpc_status_util.cc)
CODES = {code.value[0]: code for code in grpc.StatusCode}
HTTP_STATUS = {  # http_server.cc, ToHTTPStatusCode
    grpc.StatusCode.OK: 200,
    grpc.StatusCode.CANCELLED: 499,
    grpc.StatusCode.INVALID_ARGUMENT: 400,
    grpc.StatusCode.FAILED_PRECONDITION: 400,
    grpc.StatusCode.OUT_OF_RANGE: 400,
    grpc.StatusCode.UNAUTHENTICATED: 401,
    grpc.StatusCode.PERMISSION_DENIED: 403,
    grpc.StatusCode.NOT_FOUND: 404,
    grpc.StatusCode.ALREADY_EXISTS: 409,
    grpc.StatusCode.ABORTED: 409,
    grpc.StatusCode.RESOURCE_EXHAUSTED: 429,
    grpc.StatusCode.UNIMPLEMENTED: 501,
    grpc.StatusCode.UNAVAILABLE: 503,
    grpc.StatusCode.DEADLINE_EXCEEDED: 504,
}


class ServingError(MedtfxError):
    """A request, or the load of a version, ended without a result.

    Args:
        code: gRPC status code.
        text: what the client reads; cut at 1,024 characters.
    """

    def __init__(self, code: grpc.StatusCode, text: str) -> None:
        """Keep the code beside the text."""
        super().__init__(text if len(text) <= TEXT_LIMIT else f"{text[:TEXT_LIMIT]}...TRUNCATED")
        self.code = code

    @property
    def number(self) -> int:
        """The code as TF Serving's StatusProto has it."""
        return int(self.code.value[0])

    @property
    def http_status(self) -> int:
        """The status of the HTTP response."""
        return HTTP_STATUS.get(self.code, 500)


def invalid(text: str) -> ServingError:
    """Return an INVALID_ARGUMENT error, the most frequent one."""
    return ServingError(grpc.StatusCode.INVALID_ARGUMENT, text)


def unforeseen(error: Exception) -> ServingError:
    """Return an INTERNAL error for one that nobody foresaw; the log gets its type and place, no text that may quote a request."""
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = "" if place is None else f" in {place.tb_frame.f_code.co_name}, line {place.tb_lineno}"
    logger.error("unforeseen: %s%s", type(error).__name__, where)
    return ServingError(grpc.StatusCode.INTERNAL, f"internal error: {type(error).__name__}")
