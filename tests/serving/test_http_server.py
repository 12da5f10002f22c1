import json
import socket
import threading
from typing import Any

import pytest

PREDICT = b"POST /v1/models/demo:predict HTTP/1.1\r\n"
BODY = b'{"instances": [[1, 2]]}'
WHOLE = PREDICT + b"Content-Length: %d\r\n%s\r\n%s"


def raw(client: Any, sent: bytes) -> bytes:
    with socket.create_connection((client.host, client.rest_port), timeout=30) as connection:
        connection.sendall(sent)
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
    return received


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (PREDICT + b"\r\n", b"411"),
        (PREDICT + b"Transfer-Encoding: chunked\r\n\r\nGET\r\n", b"400"),
        (PREDICT + b"Transfer-Encoding: chunked\r\n\r\nFFFFFFFF\r\n", b"413"),
        (PREDICT + b"Content-Length: 99999999999\r\n\r\n", b"413"),
        (PREDICT + b"Content-Length: -5\r\n\r\n", b"411"),
        (b"TRACE /v1/models/demo HTTP/1.1\r\n\r\n", b"501"),
        (b"complete nonsense\r\n\r\n", b"400"),
        (b"GET /v1/models/demo\r\n\r\n", b"400"),
        (b"GET http://[x/v1/models/demo HTTP/1.1\r\n\r\n", b"400"),
        (b"GET /v1/models/demo/versions/%s HTTP/1.1\r\nConnection: close\r\n\r\n" % (b"9" * 5000), b"400"),
    ],
)
def test_what_http_does_not_allow_is_refused_in_json(client, sent, status):
    head, _, body = raw(client, sent).partition(b"\r\n\r\n")
    assert head.split()[1] == status
    assert set(json.loads(body)) == {"error"}


HIDDEN = b"GET /v1/models HTTP/1.1\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize(
    "head",
    [
        PREDICT + b"Content-Length: 0\r\nTransfer-Encoding: chunked\r\n\r\n",
        PREDICT + b"Content-Length: 0\r\nContent-Length: %d\r\n\r\n" % len(HIDDEN),
        PREDICT.replace(b"1.1", b"1.0") + b"Connection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET /v1/models/demo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"GET /v1/models/demo HTTP/1.1\r\nno header field\r\nContent-Length: %d\r\n\r\n" % len(HIDDEN),
        b"GET /v1/models/demo HTTP/1.1\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(HIDDEN),
    ],
)
def test_a_body_is_never_taken_for_a_request(client, head):
    assert raw(client, head + HIDDEN).count(b"HTTP/1.1 ") == 1


def test_a_body_is_asked_for_only_when_it_will_be_read(client):
    expect = b"Expect: 100-continue\r\nConnection: close\r\n"
    assert raw(client, WHOLE % (len(BODY), expect, BODY)).startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK")
    assert raw(client, WHOLE % (10**11, expect, b"")).startswith(b"HTTP/1.1 413 ")


def test_several_requests_go_over_one_connection(client):
    received = raw(client, WHOLE % (len(BODY), b"", BODY) + WHOLE % (len(BODY), b"Connection: close\r\n", BODY))
    assert received.count(b"200 OK") == 2
    assert received.count(b'"total": 6.0') == 2


def test_a_head_has_no_body_and_the_connection_goes_on(client):
    head = b"HEAD /v1/models/demo HTTP/1.1\r\n"
    received = raw(client, head + b"\r\n" + head + b"Connection: close\r\n\r\n")
    assert received.count(b"HTTP/1.1 400 ") == 2
    assert b"error" not in received


def test_clients_that_send_half_a_request_do_not_disturb_others(client):
    waiting = [socket.create_connection((client.host, client.rest_port)) for _ in range(20)]
    for connection in waiting:
        connection.sendall(PREDICT + b"Content-Length: 100\r\n\r\n{")
    assert b"200 OK" in raw(client, WHOLE % (len(BODY), b"Connection: close\r\n", BODY))
    for connection in waiting:
        connection.close()


def test_a_connection_above_the_limit_is_closed_and_a_place_is_free_again_later(serve, base_path, monkeypatch, eventually):
    monkeypatch.setattr("serving.http_server.MAX_CONNECTIONS", 1)
    _, client = serve("--model_name=demo", f"--model_base_path={base_path}")
    whole = WHOLE % (len(BODY), b"Connection: close\r\n", BODY)
    with socket.create_connection((client.host, client.rest_port)) as first:
        first.sendall(PREDICT)
        eventually(lambda: is_refused(client, whole))
    eventually(lambda: b"200 OK" in raw(client, whole))


def is_refused(client: Any, sent: bytes) -> bool:
    try:
        return raw(client, sent) == b""
    except ConnectionError:
        return True


def test_a_request_in_work_gets_its_response_when_the_server_stops(serve, base_path, eventually):
    server, client = serve("--model_name=demo", f"--model_base_path={base_path}")
    body = b'{"signature_name": "spin", "instances": [40000]}'
    received: list[bytes] = []
    asking = threading.Thread(target=lambda: received.append(raw(client, WHOLE % (len(body), b"Connection: close\r\n", body))))
    asking.start()
    eventually(lambda: server.service.admission.in_work == 1)
    server.stop(60)
    asking.join()
    assert b"40000" in received[0]
