import io
import json
from http.client import parse_headers

import pytest

from serving.request_head import refusal


def status(*lines: str, has_body: bool = True) -> int | None:
    headers = parse_headers(io.BytesIO("".join(f"{line}\r\n" for line in (*lines, "")).encode("latin-1")))
    refused = refusal(headers, has_body=has_body, body_bytes=1000)
    if refused is not None:
        assert set(json.loads(refused.body)) == {"error"}
    return refused and refused.status


@pytest.mark.parametrize("length", ["0", "1000", "0001"])
def test_a_body_within_the_limit_is_read(length):
    assert status(f"Content-Length: {length}") is None


@pytest.mark.parametrize(
    ("lines", "code"),
    [
        (["Content-Length: 1001"], 413),
        ([f"Content-Length: {'9' * 5000}"], 413),
        (["Content-Length: -5"], 411),
        (["Content-Length: +5"], 411),
        (["Content-Length: \xb2"], 411),
        (["Content-Length: 5, 5"], 411),
        (["Content-Length:", " 5"], 411),
        (["Content-Length : 5"], 400),
        (["Content-Length: 5", "Content-Length: 6"], 400),
        (["no field", "Content-Length: 5"], 400),
        (["Content-Length: 5", "Transfer-Encoding: chunked"], 400),
        (["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"], 400),
        (["Transfer-Encoding: gzip, chunked"], 501),
    ],
)
def test_an_end_of_the_body_that_could_be_read_in_two_ways_is_refused(lines, code):
    assert status(*lines) == code
    assert status(*lines, has_body=False) == code


def test_a_body_in_chunks_needs_no_length():
    assert status("Transfer-Encoding: Chunked") is None


def test_only_a_method_with_a_body_needs_its_length():
    assert status(has_body=False) is None
    assert status() == 411
