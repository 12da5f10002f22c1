"""What is answered about the message of a call, over a real gRPC server."""

import grpc
import pytest

ECHO = "/test.Echo/Say"


def answer(channel: grpc.Channel, content: bytes, method: str = ECHO) -> bytes:
    return channel.unary_unary(method)(content, timeout=20)


def test_the_message_reaches_the_method(echo_channel):
    assert answer(echo_channel, b"") == b""
    assert answer(echo_channel, b"text") == b"text"


def test_a_call_without_a_message_is_refused(echo_channel):
    with pytest.raises(grpc.RpcError, match="expected one request message; got none") as caught:
        echo_channel.stream_unary(ECHO)(iter([]), timeout=20)
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_a_message_that_cannot_be_read_is_told_in_grpcs_words(echo_channel):
    with pytest.raises(grpc.RpcError, match="Exception deserializing request!") as caught:
        answer(echo_channel, b"\xff", "/test.Echo/Misread")
    assert caught.value.code() is grpc.StatusCode.INTERNAL


def test_an_unknown_method_stays_unknown(echo_channel):
    with pytest.raises(grpc.RpcError, match="Method not found!"):
        answer(echo_channel, b"", "/test.Echo/None")
