import grpc

from serving.client.errors import ClientError, RefusedError


def test_reason_is_the_code_in_lower_case():
    assert RefusedError(grpc.StatusCode.INVALID_ARGUMENT, "x").reason == "invalid_argument"


def test_client_error_is_one_message_and_exit_code_1():
    assert ClientError("no server").exit_code == 1
