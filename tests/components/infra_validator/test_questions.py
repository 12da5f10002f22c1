"""Questions over a real gRPC channel to a server that answers with what it was asked."""

import time
from collections.abc import Iterator
from concurrent import futures
from contextlib import closing

import grpc
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

from components.infra_validator.questions import BATCH, TIMED_REQUESTS, Asker, alone, batches, in_words
from components.infra_validator.server_process import MODEL


class Echo(prediction_service_pb2_grpc.PredictionServiceServicer):
    """Answers with the length of each image as a probability, its text, and counts requests; `slow` takes half a second."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def Predict(  # noqa: N802 - gRPC's name
        self, request: predict_pb2.PredictRequest, context: grpc.ServicerContext
    ) -> predict_pb2.PredictResponse:
        (values,) = (tf.make_ndarray(tensor) for tensor in request.inputs.values())
        if request.model_spec.signature_name == "slow":
            time.sleep(0.5)
        if request.model_spec.name != MODEL or request.model_spec.signature_name == "absent":
            context.abort(grpc.StatusCode.NOT_FOUND, "no such\nsignature")
        self.asked.append(len(values))
        response = predict_pb2.PredictResponse()
        lengths = np.array([[len(value)] for value in values], np.float32)
        response.outputs["probabilities"].CopyFrom(tf.make_tensor_proto(lengths))
        response.outputs["classes"].CopyFrom(tf.make_tensor_proto(values.astype(object)))
        return response


@pytest.fixture
def echo() -> Echo:
    return Echo()


@pytest.fixture
def channel(echo: Echo) -> Iterator[grpc.Channel]:
    server = grpc.server(futures.ThreadPoolExecutor(2))
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(echo, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with closing(grpc.insecure_channel(f"127.0.0.1:{port}")) as channel:
        yield channel
    server.stop(None)


@pytest.fixture
def asker(channel: grpc.Channel) -> Asker:
    return Asker(channel, time.monotonic() + 20)


def images(count: int) -> list[bytes]:
    """Return images of one, two, three bytes and so on."""
    return [b"x" * (number + 1) for number in range(count)]


@given(st.lists(st.binary(max_size=3), max_size=40))
def test_batches_hold_every_value_once_in_order_and_are_as_full_as_they_may_be(values: list[bytes]) -> None:
    cut = batches(values)
    assert [value for batch in cut for value in batch] == values
    assert all(len(batch) == BATCH for batch in cut[:-1])
    assert all(0 < len(batch) <= BATCH for batch in cut)


@pytest.mark.parametrize("count", [1, BATCH, BATCH + 1, 3 * BATCH - 1])
def test_answers_of_several_batches_are_in_the_order_of_the_questions(asker: Asker, echo: Echo, count: int) -> None:
    answers = asker.in_batches("predict_image", "image", images(count))
    assert answers["probabilities"][:, 0].tolist() == list(range(1, count + 1))
    assert answers["classes"].tolist() == ["x" * number for number in range(1, count + 1)]
    assert sum(echo.asked) == count
    assert max(echo.asked) <= BATCH


@pytest.mark.parametrize("count", [1, 5, TIMED_REQUESTS, TIMED_REQUESTS + 1])
def test_every_image_is_timed_equally_often_and_enough_requests_are(asker: Asker, echo: Echo, count: int) -> None:
    probabilities, milliseconds = alone(asker, images(count))
    assert probabilities[:, 0].tolist() == list(range(1, count + 1))
    assert TIMED_REQUESTS <= len(milliseconds) < TIMED_REQUESTS + count
    assert len(milliseconds) % count == 0
    assert echo.asked == [1] * len(milliseconds)
    assert min(milliseconds) > 0


def test_refusal_is_told_in_one_line_by_its_code(asker: Asker) -> None:
    with pytest.raises(grpc.RpcError) as error:
        asker.ask("absent", "image", images(1))
    assert in_words(error.value, 5) == "NOT_FOUND: no such signature"


def test_answer_that_comes_too_late_is_told_by_the_limit(channel: grpc.Channel) -> None:
    with pytest.raises(grpc.RpcError) as error:
        Asker(channel, time.monotonic() + 0.2).ask("slow", "image", images(1))
    assert in_words(error.value, 0.2) == "no answer within 0.2 s"
