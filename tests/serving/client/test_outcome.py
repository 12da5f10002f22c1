import pytest
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2

from serving.client.errors import ClientError
from serving.client.messages import PredictResponse
from serving.client.outcome import predictions_of
from serving.client.source import Source


def response(**outputs):
    real = predict_pb2.PredictResponse()
    for name, value in outputs.items():
        real.outputs[name].CopyFrom(tf.make_tensor_proto(value))
    return PredictResponse.FromString(real.SerializeToString())


GOOD = {"probabilities": [[0.25, 0.75]], "classes": [["a", "b"]], "decision": ["b"]}


def test_rows_become_predictions():
    (prediction,) = predictions_of(response(**GOOD), [Source("x", b"")])
    assert (prediction.source, prediction.classes, prediction.decision, prediction.probability) == ("x", ("a", "b"), "b", 0.75)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"decision": ["c"]}, "the model decides 'c'; expected one of its classes a, b"),
        ({"probabilities": [[0.25, 0.75]] * 2}, "do not fit 1 images and one another"),
        ({"probabilities": [[0.2, 0.3, 0.5]]}, "do not fit 1 images and one another"),
        ({"decision": [["b"]]}, "do not fit 1 images"),
        ({"classes": "b"}, "do not fit 1 images"),
    ],
)
def test_answer_that_does_not_fit_is_refused(change, message):
    with pytest.raises(ClientError, match=message):
        predictions_of(response(**GOOD | change), [Source("x", b"")])
