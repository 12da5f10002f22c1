import json

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from tensorflow.core.protobuf import meta_graph_pb2
from tensorflow_serving.apis import model_pb2

from serving.json_requests import classify_request, predict_request
from serving.serving_error import ServingError

SPEC = model_pb2.ModelSpec(name="demo")


def inputs(**dtypes):
    return {name: meta_graph_pb2.TensorInfo(dtype=dtype.as_datatype_enum) for name, dtype in dtypes.items()}


ONE = inputs(x=tf.float32)
TWO = inputs(a=tf.int32, b=tf.string)


def predict(body, of=ONE):
    return predict_request(json.dumps(body).encode(), SPEC, lambda _name: of)


def tensor(body, of=ONE, name="x"):
    return tf.make_ndarray(predict(body, of)[0].inputs[name])


def test_rows_are_stacked_and_the_answer_is_wanted_in_rows():
    request, wanted = predict({"signature_name": "s", "instances": [[1, 2.5], [3, 4]]})
    assert wanted == "row"
    assert request.model_spec.signature_name == "s"
    np.testing.assert_array_equal(tf.make_ndarray(request.inputs["x"]), np.array([[1, 2.5], [3, 4]], np.float32))


def test_rows_of_named_values_fill_every_input():
    body = {"instances": [{"a": 1, "b": "x"}, {"b": {"b64": "AP8="}, "a": 2}]}
    assert list(tensor(body, TWO, "a")) == [1, 2]
    assert list(tensor(body, TWO, "b")) == [b"x", b"\x00\xff"]


def test_columns_may_be_named_or_the_only_one():
    request, wanted = predict({"inputs": {"a": [1, 2], "b": "x"}}, TWO)
    assert wanted == "columnar"
    assert tf.make_ndarray(request.inputs["b"]).shape == ()
    assert list(tensor({"inputs": [1, 2]})) == [1, 2]
    assert tensor({"inputs": {"b64": "AA=="}}, inputs(x=tf.string)).item() == b"\x00"


@settings(deadline=None)
@given(st.lists(st.lists(st.integers(-(2**31), 2**31 - 1), min_size=3, max_size=3), min_size=1))
def test_any_matrix_of_whole_numbers_arrives(rows):
    np.testing.assert_array_equal(tensor({"instances": rows}, inputs(x=tf.int32)), rows)


@pytest.mark.parametrize(
    ("body", "of", "text"),
    [
        ({}, ONE, "Missing 'inputs' or 'instances' key"),
        ({"inputs": 1, "instances": [1]}, ONE, "expecting only one of 'inputs' or 'instances' keys to exist"),
        ({"instances": 1}, ONE, "Expecting 'instances' to be an list/array"),
        ({"instances": []}, ONE, "No values in 'instances' array"),
        ({"instances": [1]}, TWO, "instances is a plain list, but expecting list of objects"),
        ({"inputs": 1}, TWO, "inputs is a plain value/list, but expecting an object"),
        ({"inputs": {"a": 1}}, TWO, "Missing named input: b in 'inputs' object"),
        ({"instances": [{"a": 1}]}, TWO, "element: 0 of 'instances' list. JSON object: <Object of 1> keys must be equal to: a,b"),
        ({"instances": [{"a": 1, "b": "", "c": 1}]}, TWO, "does not have named input: c"),
        ({"instances": [{"x": 1}, 2]}, ONE, "Expecting object but got list at item 1 of input list"),
        ({"instances": [2, {"x": 1}]}, ONE, "Expecting value/list but got object at item 1 of input list"),
        (
            {"instances": [[1], [1, 2]]},
            ONE,
            "element: 1 of 'instances' list. Error: INVALID_ARGUMENT: Expecting tensor size: 1 but got: 2",
        ),
        ({"instances": [[1, 2], [[1], [2]]]}, ONE, r"Expecting shape \[2\] but got: \[2,1\]"),
        ({"instances": [[1, 2], ["a"]]}, ONE, "Type: String is not of expected type: float"),
        ({"instances": [[[1], [2, 3]]]}, ONE, "unexpected size: 2 at level: 1 expected size: 1"),
        ({"instances": [[[1], 2]]}, ONE, "found at incorrect level: 2 in the JSON DOM. Expected at level: 2"),
        ({"inputs": [1, [2]]}, ONE, "Encountered list at unexpected level: 1 expected < 1"),
        ({"instances": ["a"]}, ONE, "JSON Value: <String of 1> Type: String is not of expected type: float"),
        ({"instances": [1.5]}, inputs(x=tf.int32), "Type: Number is not of expected type: int32"),
        ({"instances": [2**31]}, inputs(x=tf.int32), "Type: Number is not of expected type: int32"),
        ({"instances": [True]}, inputs(x=tf.int64), "Type: True is not of expected type: int64"),
        ({"instances": [-1]}, inputs(x=tf.uint32), "Type: Number is not of expected type: uint32"),
        ({"instances": [1]}, inputs(x=tf.bool), "is not of expected type: bool"),
        ({"instances": [True]}, inputs(x=tf.float64), "Type: True is not of expected type: double"),
        ({"instances": [{"b64": "AA=="}]}, inputs(x=tf.half), "Type: Object is not of expected type: half"),
        ({"instances": [1]}, inputs(x=tf.half), "Error: UNIMPLEMENTED: Conversion of JSON Value: <Number> to type: half"),
        ({"inputs": [1]}, inputs(x=tf.uint16), "Conversion of JSON Value: <Number> to type: uint16"),
        ({"instances": [{"a": 1, "b": 1}]}, TWO, "element: 0 key: b of 'instances' list. Error: INVALID_ARGUMENT: JSON Value"),
        ({"instances": [1]}, {}, "Failed to get input map for signature: DEFAULT"),
        ({"instances": [{"b64": "?"}]}, inputs(x=tf.string), "Unable to base64 decode"),
        ({"inputs": {"x": {"b64": 1}}}, inputs(x=tf.string), "not formatted correctly for base64 data"),
        ({"signature_name": 1, "instances": [1]}, ONE, "'signature_name' key must be a string value"),
    ],
)
def test_what_does_not_fit_is_named(body, of, text):
    with pytest.raises(ServingError, match=text):
        predict(body, of)


def test_a_type_that_json_cannot_fill_has_a_code_of_its_own_in_columns():
    with pytest.raises(ServingError) as caught:
        predict({"inputs": [1]}, inputs(x=tf.half))
    assert caught.value.http_status == 501


def classify(body):
    return classify_request(json.dumps(body).encode(), SPEC)


def test_examples_take_every_kind_of_feature():
    body = {"context": {"c": 1}, "examples": [{"text": "é", "bytes": {"b64": "AA=="}, "floats": [0.5, 2.5], "flag": True}]}
    given_ = classify(body).input.example_list_with_context
    feature = given_.examples[0].features.feature
    assert list(feature["text"].bytes_list.value) == ["é".encode()]
    assert list(feature["bytes"].bytes_list.value) == [b"\x00"]
    assert list(feature["floats"].float_list.value) == [0.5, 2.5]
    assert list(feature["flag"].int64_list.value) == [1]
    assert list(given_.context.features.feature["c"].int64_list.value) == [1]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({}, "When method is classify, key 'examples' is expected and was not found"),
        ({"examples": None}, "Expecting 'examples' value to be an list/array"),
        ({"examples": {}}, "Expecting 'examples' value to be an list/array"),
        ({"examples": []}, "'examples' value is an empty array"),
        ({"examples": [1]}, "Example must be JSON object but got JSON Number"),
        ({"examples": [{"a": None}]}, "Feature: a has element with unexpected JSON type: Null"),
        ({"examples": [{"a": [[1]]}]}, "Feature: a has element with unexpected JSON type: Array"),
        ({"examples": [{"a": {"c": 1}}]}, "Feature: a has element with unexpected JSON type: Object"),
        ({"examples": [{"a": [1, 2.5]}]}, "Unexpected element type in feature: a expecting type: int64"),
        ({"examples": [{"a": 2**63}]}, "Feature: a has uint64_t element. Only int64_t is supported."),
    ],
)
def test_what_is_no_example_is_named(body, text):
    with pytest.raises(ServingError, match=text):
        classify(body)
