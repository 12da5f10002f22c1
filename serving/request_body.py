"""The body of an HTTP request: of the length that its head tells or in chunks, packed by gzip or not, and never above a limit.

Clients that make a body while they send it (.NET's PostAsJsonAsync among them) send chunks (RFC 9112, section 7.1). Packed bodies
are TF Serving's own: util/net_http/server/internal/evhttp_request.cc unpacks what its Content-Encoding calls gzip.
"""

import re
import zlib
from email.message import Message
from io import BufferedIOBase

import grpc

from serving.serving_error import ServingError, invalid

# The line before a chunk: its size, and extensions that nobody uses (section 7.1.1).
CHUNK = re.compile(rb"(?P<size>[0-9A-Fa-f]{1,15})[ \t]*(;[^\r]*)?\r\n")
LONGEST_LINE = 1024  # bytes
MOST_TRAILERS = 100  # header fields after the last chunk
GZIP = 16 + zlib.MAX_WBITS  # a gzip header and trailer, nothing else


class BodyTooLargeError(ServingError):
    """A body above the limit; HTTP has a status of its own for it."""

    http_status = 413

    def __init__(self, limit: int) -> None:
        """Name the limit."""
        super().__init__(grpc.StatusCode.INVALID_ARGUMENT, f"the body is larger than {limit} bytes (--max_message_mb)")


def read_body(stream: BufferedIOBase, headers: Message, limit: int) -> bytes:
    """Read the body that follows a head which `request_head.refusal` let pass.

    Args:
        stream: of the connection, at the first byte after the head.
        headers: of the request.
        limit: most bytes, of the body and of what it unpacks to.

    Raises:
        ServingError: INVALID_ARGUMENT for what is not formed as its headers say, or is too large.
        ConnectionError: when the client goes away in the middle.
    """
    length = int(headers.get("Content-Length", 0))
    body = _chunks(stream, limit) if "Transfer-Encoding" in headers else _exactly(stream, length)
    return _unpacked(body, limit) if "gzip" in headers.get("Content-Encoding", "").lower() else body


def _chunks(stream: BufferedIOBase, limit: int) -> bytes:
    body = bytearray()
    while size := _chunk_size(stream):
        if len(body) + size > limit:
            raise BodyTooLargeError(limit)
        body += _exactly(stream, size)
        if _exactly(stream, 2) != b"\r\n":
            raise invalid("expected a line end after each chunk of the body, where its size says that it ends")
    for _ in range(MOST_TRAILERS):
        if _line(stream) == b"\r\n":
            return bytes(body)
    raise invalid(f"more than {MOST_TRAILERS} header fields follow the body")


def _chunk_size(stream: BufferedIOBase) -> int:
    found = CHUNK.fullmatch(_line(stream))
    if found is None:
        raise invalid("expected chunks, each after a line with its size in hexadecimal digits")
    return int(found["size"], 16)


def _line(stream: BufferedIOBase) -> bytes:
    line = stream.readline(LONGEST_LINE)
    if not line:
        raise ConnectionError("the client is gone")
    if not line.endswith(b"\r\n"):
        raise invalid(f"expected lines of up to {LONGEST_LINE} bytes around the chunks of the body")
    return line


def _exactly(stream: BufferedIOBase, size: int) -> bytes:
    content = stream.read(size)
    if len(content) < size:
        raise ConnectionError("the client is gone")
    return content


def _unpacked(body: bytes, limit: int) -> bytes:
    unpacker = zlib.decompressobj(GZIP)
    try:
        content = unpacker.decompress(body, limit + 1)
    except zlib.error as error:
        raise invalid("the body is not what its Content-Encoding says; expected gzip") from error
    if len(content) > limit:
        raise BodyTooLargeError(limit)
    if not unpacker.eof or unpacker.unused_data:
        raise invalid("the body is cut, or more than what its Content-Encoding says; expected one gzip file")
    return content
