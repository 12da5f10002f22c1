"""Spoiled requests whose structure is whole: JSON of strange values, HTTP heads that lie about the body, frames of HTTP/2.

Bytes changed by chance are refused by the first parser; these get past it.
"""

import json
import random
import re
import socket
from collections.abc import Mapping
from typing import Any

from bench.serving.http2_frames import DATA, END_STREAM, RESET, call, frame, greeting
from bench.serving.spoiled_requests import (
    BODIES,
    CLOSED,
    HOST,
    INTERNAL,
    PATHS,
    SECONDS,
    SILENT,
    Kind,
    Target,
    answer_code,
    predict_request,
    rest_status,
    spoiled,
)
from bench.serving.spoiled_requests import KINDS as SPOILED

SMUGGLED = "two answers to one request"
NOT_MORE = 0.05  # seconds that a connection of frames waits for an answer that may not come
Value = Any  # of JSON

STRANGE: tuple[Value, ...] = (None, True, -1, 2**70, 1e308, float("nan"), "x", "\ud800", [], {}, [[]], {"b64": "!"}, {"b64": 1})
DEEP = "a deep value"
HIDDEN = b"GET /v1/models/demo HTTP/1.1\r\nConnection: close\r\n\r\n"
CHUNKED = b"%x\r\n%s\r\n0\r\n\r\n" % (len(HIDDEN), HIDDEN)
LENGTHS = (b"%d" % len(HIDDEN), b"0", b"-1", b"+1", b"7, 7", b"99999999999", b"9" * 5000, "²".encode(), b"")
HEAD_LINES = (
    b"Host: localhost",
    b"Expect: 100-continue",
    b"Connection: keep-alive",
    b"no field",
    b" folded",
    b"X-\xff: \xfe",
    b": x",
)
CODINGS = (b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity", b"Transfer-Encoding : chunked")
TARGETS = (
    *(path.encode() for path in PATHS),
    b"/page/versions",  # the page itself answers in HTML
    b"*",
    b"http://[x/",
    b"//x/v1/models",
    b"/v1/models/%ff",
    b"/v1/models/demo/versions/0",
)
BODILESS = (b"HEAD", b"OPTIONS")  # in their answers
METHODS = (b"POST", b"GET", *BODILESS, b"PUT", b"CONNECT", b"post")
VERSIONS = (b"HTTP/1.1", b"HTTP/1.0", b"HTTP/0.9", b"HTTP/2.0", b"HTTP/x", b"")
CALLED = (
    *(f"/tensorflow.serving.PredictionService/{name}".encode() for name in ("Predict", "Classify", "MultiInference", "None")),
    *(f"/tensorflow.serving.ModelService/{name}".encode() for name in ("GetModelStatus", "HandleReloadConfigRequest")),
    b"/grpc.health.v1.Health/Check",
    b"/grpc.health.v1.Health/Watch",
    b"/\xff\xfe/",
    b"",
)
FIELDS: Mapping[str, tuple[str, ...]] = {
    "grpc-timeout": ("0n", "-5S", "99999999H", "1m", "x"),
    "grpc-encoding": ("gzip", "zip", ""),
    "content-type": ("application/grpc+json", "text/html"),
    "te": ("", "gzip"),
    ":method": ("GET", ""),
    "a-bin": ("!!", "AA"),
}


def deep(chance: random.Random) -> str:
    """Return the JSON of lists in lists, now and then about as deep as a stack, which Python's own writer could not make."""
    levels = chance.choice([3, 300, chance.randint(900, 1000), 100_000])
    return f"{'[' * levels}1{']' * levels}"


def strange(value: Value, chance: random.Random) -> Value:
    """Return a value of JSON with one place of it taken by a strange one, or doubled, or gone."""
    if chance.random() < 0.3 or not isinstance(value, list | dict) or not value:
        return chance.choice((DEEP, *STRANGE))
    if isinstance(value, dict):
        name = chance.choice(sorted(value))
        return value | {chance.choice([name, name, "inputs", "instances", "\ud800"]): strange(value[name], chance)}
    at = chance.randrange(len(value))
    return value[:at] + [strange(value[at], chance)] * chance.randrange(3) + value[at + 1 :]


def send_document(target: Target, chance: random.Random) -> str:
    """Post JSON with strange values in it."""
    document = dict(chance.choice(BODIES))
    for _ in range(chance.choice([1, 1, 2, 3])):
        document = strange(document, chance)
    body = json.dumps(document).replace(json.dumps(DEEP), deep(chance))
    return rest_status(target, chance.choice(PATHS), body.encode())


def send_head(target: Target, chance: random.Random) -> str:
    """Send an HTTP head that may lie about its body, which is itself a request; one whose head covers it must not be answered."""
    lengths = [chance.choice(LENGTHS[:1] * 3 + LENGTHS) for _ in range(chance.choice([0, 1, 1, 1, 2]))]
    coding = [chance.choice(CODINGS)] if chance.random() < 0.3 else []
    lines = [*(b"Content-Length: " + length for length in lengths), *coding, *chance.sample(HEAD_LINES, chance.randrange(4))]
    chance.shuffle(lines)
    method = chance.choice(METHODS[:2] * 3 + METHODS)
    first = b" ".join((method, chance.choice(TARGETS), chance.choice(VERSIONS[:1] * 5 + VERSIONS)))
    body = CHUNKED if coding and not lengths and chance.random() < 0.7 else HIDDEN
    received = exchanged(target, b"\r\n".join([first, *lines, b"", body]))
    answers = re.findall(rb"HTTP/1\.1 [2-5]\d\d ", received)
    if len(answers) > 1 and (lengths or coding) and set(lengths) <= {LENGTHS[0]}:
        return SMUGGLED
    received = received.removeprefix(b"HTTP/1.1 100 Continue\r\n\r\n")
    return answer_code(received, is_rest=True, has_body=method not in BODILESS)


def exchanged(target: Target, sent: bytes) -> bytes:
    """Send bytes to the REST port and return all that comes back; a connection that is reset brings what came before."""
    received = b""
    try:
        with socket.create_connection((HOST, target.ports[1]), timeout=SECONDS) as connection:
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
            while chunk := connection.recv(65536):
                received += chunk
    except TimeoutError:
        return SILENT.encode()
    except OSError:  # the server was quicker to end
        pass
    return received


def send_frames(target: Target, chance: random.Random) -> str:
    """Make a call of HTTP/2 frames with strange fields, a length that lies, a flag, an end too early, or a reset."""
    content = predict_request().SerializeToString()
    content = chance.choice([content, content, b"", spoiled(content, chance)])
    claimed = max(len(content) + chance.choice([0, 0, 0, 1, -1, 2**31]), 0)
    body = bytes([chance.choice([0, 0, 0, 1, 7])]) + claimed.to_bytes(4) + content
    fields = {name: chance.choice(values) for name, values in FIELDS.items() if chance.random() < 0.1}
    head = call(chance.choice(CALLED[:1] * 5 + CALLED), **fields)
    cut = body[: chance.choice([len(body), len(body), len(body), 0, 3])]
    end = frame(RESET, 0, 1, bytes(4)) if chance.random() < 0.1 else b""
    return frames_status(
        target, greeting(chance.choice([0, 65_535])) + head + frame(DATA, chance.choice([0, END_STREAM]), 1, cut) + end
    )


def frames_status(target: Target, sent: bytes) -> str:
    """Send frames to the gRPC port and return the number of the status that comes back, if any does."""
    received = b""
    with socket.create_connection((HOST, target.ports[0]), timeout=SECONDS) as connection:
        connection.sendall(sent)
        connection.settimeout(NOT_MORE)
        try:
            while b"grpc-status" not in received and (chunk := connection.recv(65536)):
                received += chunk
        except (TimeoutError, ConnectionError):
            pass
    if INTERNAL.encode() in received:
        return INTERNAL
    found = re.search(rb"grpc-status[\x01\x02](\d+)", received)
    return found[1].decode() if found else CLOSED


KINDS: Mapping[str, Kind] = dict(SPOILED) | {
    "documents": Kind(send_document, frozenset({"200", "400", "404"})),
    "heads": Kind(send_head, frozenset({CLOSED, "200", "400", "403", "404", "411", "413", "431", "501", "505"})),
    "frames": Kind(send_frames, frozenset({CLOSED, "0", "1", "3", "4", "5", "8", "9", "12", "13"})),
}
