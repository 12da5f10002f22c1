"""HTTP/2 frames made by hand (RFC 9113; header fields as literals of RFC 7541): for what no client library lets one send."""

import struct

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RESET, SETTINGS = 0, 1, 3, 4
END_STREAM, END_HEADERS = 1, 4
INITIAL_WINDOW_SIZE = 4
FIELDS = {":method": "POST", ":scheme": "http", ":authority": "localhost", "te": "trailers", "content-type": "application/grpc"}


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    """Return one frame."""
    return len(payload).to_bytes(3) + struct.pack(">BBI", kind, flags, stream) + payload


def greeting(window: int = 65_535) -> bytes:
    """Return what a client begins with; the server may send so many bytes of a message on each stream."""
    return PREFACE + frame(SETTINGS, 0, 0, struct.pack(">HI", INITIAL_WINDOW_SIZE, window))


def call(path: bytes, stream: int = 1, **fields: str) -> bytes:
    """Return the headers that begin a gRPC call; further fields take the place of those of the same name."""
    named = {**{name.encode(): value.encode() for name, value in (FIELDS | fields).items()}, b":path": path}
    block = b"".join(field(name, value) for name, value in sorted(named.items()))
    return frame(HEADERS, END_HEADERS, stream, block)


def field(name: bytes, value: bytes) -> bytes:
    """Return a header field of up to 126 bytes each, as a literal without indexing."""
    return bytes([0, len(name)]) + name + bytes([len(value)]) + value


def message(content: bytes, stream: int = 1) -> bytes:
    """Return a gRPC message in one frame, the last one of its stream."""
    return frame(DATA, END_STREAM, stream, b"\x00" + len(content).to_bytes(4) + content)
