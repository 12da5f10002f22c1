import logging

import grpc
import pytest

from serving.serving_error import HTTP_STATUS, ServingError, invalid, unforeseen


def test_long_texts_are_cut_as_tf_serving_cuts_them():
    assert str(invalid("a" * 1024)) == "a" * 1024
    assert str(invalid("a" * 1025)) == "a" * 1024 + "...TRUNCATED"


@pytest.mark.parametrize(
    ("code", "number", "status"),
    [
        (grpc.StatusCode.INVALID_ARGUMENT, 3, 400),
        (grpc.StatusCode.FAILED_PRECONDITION, 9, 400),
        (grpc.StatusCode.NOT_FOUND, 5, 404),
        (grpc.StatusCode.UNAVAILABLE, 14, 503),
        (grpc.StatusCode.DEADLINE_EXCEEDED, 4, 504),
        (grpc.StatusCode.DATA_LOSS, 15, 500),
    ],
)
def test_codes_have_their_number_and_http_status(code, number, status):
    error = ServingError(code, "")
    assert (error.number, error.http_status) == (number, status)


def test_every_code_but_those_of_a_broken_server_has_a_status_of_its_own():
    broken = {grpc.StatusCode.UNKNOWN, grpc.StatusCode.INTERNAL, grpc.StatusCode.DATA_LOSS}
    assert set(HTTP_STATUS) == set(grpc.StatusCode) - broken


def test_an_unforeseen_error_is_logged_by_type_and_place_without_its_text(caplog):
    def inner() -> None:
        raise KeyError("Doe^Jane")

    with caplog.at_level(logging.ERROR, "serving"), pytest.raises(KeyError) as caught:
        inner()
    with caplog.at_level(logging.ERROR, "serving"):
        assert str(unforeseen(caught.value)) == "internal error: KeyError"
    assert "KeyError in inner, line" in caplog.text
    assert "Doe" not in caplog.text
