import json

import numpy as np
import pytest
import tensorflow as tf

from serving.json_responses import predict_body
from serving.serving_error import ServingError
from serving.tensors import to_proto


def body(wanted, **outputs):
    return predict_body({name: to_proto(np.asarray(value)) for name, value in outputs.items()}, wanted)


def test_one_output_is_a_plain_list_in_rows():
    text = body("row", y=np.array([[0.2, 2], [1e7, 0.1234567]], np.float32))
    assert text == '{\n    "predictions": [\n        [0.2, 2.0],\n        [1e+07, 0.123456702]\n    ]\n}'


def test_several_outputs_are_named_in_rows_and_columns():
    outputs = {"a": np.array([1, 2]), "b": np.array([True, False])}
    assert json.loads(body("row", **outputs)) == {"predictions": [{"a": 1, "b": True}, {"a": 2, "b": False}]}
    assert json.loads(body("columnar", **outputs)) == {"outputs": {"a": [1, 2], "b": [True, False]}}


def test_names_that_end_in_bytes_are_base64_and_others_are_text():
    outputs = {"text": np.array([b'"\xc3\xa9\xff'], object), "raw_bytes": np.array([b"\x00\xff"], object)}
    assert json.loads(body("row", **outputs)) == {"predictions": [{"text": '"é\ufffd', "raw_bytes": {"b64": "AP8="}}]}


def test_scalars_and_empty_tensors_have_a_place_in_columns():
    assert json.loads(body("columnar", y=np.float64(0.1))) == {"outputs": 0.1}
    assert json.loads(body("columnar", y=np.zeros([0, 3]))) == {"outputs": []}


def test_a_scalar_has_no_rows():
    with pytest.raises(ServingError, match="Tensor name: y has no shape information"):
        body("row", y=np.float32(1))


def test_outputs_of_different_length_have_no_rows():
    with pytest.raises(ServingError, match="Tensor name: b has inconsistent batch size: 2 expecting: 1"):
        body("row", a=np.zeros(1), b=np.zeros(2))


def test_a_type_without_a_json_form_is_named():
    for dtype in (tf.half, tf.uint16):
        with pytest.raises(
            ServingError, match=f"Failed to write JSON value for tensor type: {dtype.name.replace('float16', 'half')}"
        ):
            body("row", y=tf.constant([1], dtype).numpy())


def test_no_output_has_no_form():
    with pytest.raises(ServingError, match="Cannot convert empty tensor map to JSON"):
        body("row")


def test_raw_bytes_are_the_same_values():
    outputs = {"y": to_proto(np.array([[0.2, 2]], np.float32), as_content=True), "n": to_proto(np.array([7]), as_content=True)}
    assert json.loads(predict_body(outputs, "row")) == {"predictions": [{"n": 7, "y": [0.2, 2.0]}]}
