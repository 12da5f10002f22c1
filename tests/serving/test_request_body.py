import gzip
from email.message import Message
from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serving.request_body import BodyTooLargeError, read_body
from serving.serving_error import ServingError

LIMIT = 1000
PACKED = gzip.compress(b"{}", mtime=0)


def read(sent: bytes, **headers: str) -> tuple[bytes, bytes]:
    """Return a body, and what is left for the next request."""
    message, stream = Message(), BytesIO(sent)
    for name, value in headers.items():
        message[name.replace("_", "-")] = value
    return read_body(stream, message, LIMIT), stream.read()


def chunked(sent: bytes, **headers: str) -> tuple[bytes, bytes]:
    return read(sent, Transfer_Encoding="chunked", **headers)


@settings(deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=50), max_size=20), st.binary(max_size=20))
def test_chunks_are_put_together_and_the_next_request_is_left(chunks, following):
    sent = b"".join(b"%X;name=value\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
    assert chunked(sent + b"0\r\nTrailer: x\r\n\r\n" + following) == (b"".join(chunks), following)


def test_a_body_of_told_length_ends_there():
    assert read(b"abcdef", Content_Length="4") == (b"abcd", b"ef")
    assert read(b"GET /") == (b"", b"GET /")


def test_packed_bodies_are_unpacked():
    packed = gzip.compress(b"{}")
    assert read(packed, Content_Length=f"{len(packed)}", Content_Encoding="gzip")[0] == b"{}"
    assert chunked(b"%x\r\n%s\r\n0\r\n\r\n" % (len(packed), packed), Content_Encoding="GZIP")[0] == b"{}"


@pytest.mark.parametrize(
    "sent",
    [
        b"-1\r\na\r\n0\r\n\r\n",
        b"+1\r\na\r\n0\r\n\r\n",
        b"0x1\r\na\r\n0\r\n\r\n",
        b"\r\n\r\n",
        b"1\na\n0\n\n",
        b"1;a\rb\r\na\r\n0\r\n\r\n",
        b"1\r\nab\r\n0\r\n\r\n",
        b"1" * 5000,
        b"0\r\n" + b"A: b\r\n" * 200 + b"\r\n",
        b"0\r\nA: b\n\r\n",
    ],
)
def test_chunks_that_could_be_read_in_two_ways_are_refused(sent):
    with pytest.raises(ServingError) as caught:
        chunked(sent)
    assert caught.value.http_status == 400


@pytest.mark.parametrize("sent", [b"", b"5\r\nab", b"2\r\nab", b"2\r\nab\r\n", b"0\r\n"])
def test_a_client_that_goes_away_is_no_request(sent):
    with pytest.raises(ConnectionError):
        chunked(sent)


@pytest.mark.parametrize(
    "sent", [b"FFFFFFFFFFFFFFF\r\n", b"1F4\r\n%s\r\n1F5\r\n" % bytes(500)], ids=["one chunk", "several chunks"]
)
def test_chunks_above_the_limit_are_refused_before_they_are_read(sent):
    with pytest.raises(BodyTooLargeError) as caught:
        chunked(sent)
    assert caught.value.http_status == 413


def test_a_small_file_that_unpacks_to_a_large_one_is_refused():
    packed = gzip.compress(bytes(LIMIT + 1))
    with pytest.raises(BodyTooLargeError):
        read(packed, Content_Length=f"{len(packed)}", Content_Encoding="gzip")
    packed = gzip.compress(bytes(LIMIT))
    assert read(packed, Content_Length=f"{len(packed)}", Content_Encoding="gzip")[0] == bytes(LIMIT)


@pytest.mark.parametrize("packed", [b"{}", b"", PACKED[:-1], PACKED * 2], ids=["plain", "empty", "cut", "two"])
def test_what_is_not_one_gzip_file_is_refused(packed):
    with pytest.raises(ServingError, match="Content-Encoding"):
        read(packed, Content_Length=f"{len(packed)}", Content_Encoding="gzip")
