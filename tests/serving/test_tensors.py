import ml_dtypes
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from tensorflow.core.framework import tensor_pb2
from tensorflow.core.protobuf import meta_graph_pb2

from serving.serving_error import ServingError
from serving.tensors import RequestLimits, checked_arrays, to_proto, type_name


def info(shape, dtype=tf.float32):
    return meta_graph_pb2.TensorInfo(dtype=dtype.as_datatype_enum, tensor_shape=tf.TensorShape(shape).as_proto())


SIGNATURE = meta_graph_pb2.SignatureDef(inputs={"x": info([None, 2]), "name": info([None], tf.string)})
NAMES = tf.make_tensor_proto([b"a"])


def check(x, name=NAMES, limits=RequestLimits(), **more):  # noqa: B008 - frozen
    return checked_arrays(SIGNATURE, {"x": x, "name": name, **more}, limits)


def test_fitting_inputs_become_arrays():
    found = check(tf.make_tensor_proto([[1.0, 2.0]]))
    np.testing.assert_array_equal(found["x"], [[1, 2]])
    assert list(found["name"]) == [b"a"]


def test_missing_and_extra_inputs_are_listed():
    with pytest.raises(ServingError) as caught:
        checked_arrays(SIGNATURE, {"y": NAMES}, RequestLimits())
    assert str(caught.value) == (
        "input size does not match signature: 1!=2 len({y}) != len({name,x}). Sent extra: {y}. Missing but required: {name,x}."
    )


def test_a_name_that_the_signature_lacks_is_named():
    with pytest.raises(ServingError) as caught:
        checked_arrays(SIGNATURE, {"y": NAMES, "x": NAMES}, RequestLimits())
    assert str(caught.value) == (
        "Signature input alias: name(feed name: ) not found in request and no default value provided. "
        "Inputs expected to be in the request {x,y}, or default input alias set: "
    )


@pytest.fixture
def with_default():
    signature = meta_graph_pb2.SignatureDef()
    signature.CopyFrom(SIGNATURE)
    signature.defaults["x"].CopyFrom(tf.make_tensor_proto([[7.0, 8.0]]))
    return signature


def test_what_a_request_leaves_out_is_taken_from_the_defaults_of_the_signature(with_default):
    np.testing.assert_array_equal(checked_arrays(with_default, {"name": NAMES}, RequestLimits())["x"], [[7, 8]])
    given_x = tf.make_tensor_proto([[1.0, 2.0]])
    np.testing.assert_array_equal(checked_arrays(with_default, {"name": NAMES, "x": given_x}, RequestLimits())["x"], [[1, 2]])


def test_a_default_hides_no_name_that_the_signature_lacks(with_default):
    with pytest.raises(ServingError) as caught:
        checked_arrays(with_default, {"name": NAMES, "y": NAMES}, RequestLimits())
    assert str(caught.value) == "Inputs contains invalid name. Used request inputs: name, request input: name,y"


def test_wrong_type_is_named_as_session_run_does():
    with pytest.raises(ServingError, match=r"Expects arg\[1\] to be float but string is provided"):
        check(NAMES)


@pytest.mark.parametrize("shape", [[], [2], [1, 3], [1, 2, 1]])
def test_wrong_shape_is_refused(shape):
    with pytest.raises(ServingError, match=r"input x has shape \[.*\]; expected \[\?,2\]"):
        check(tf.make_tensor_proto(np.zeros(shape, np.float32)))


def test_batch_above_the_limit_is_refused():
    with pytest.raises(ServingError, match="input x has a batch of 3; expected at most 2"):
        check(tf.make_tensor_proto(np.zeros([3, 2], np.float32)), limits=RequestLimits(batch=2))


def test_a_claim_of_many_values_is_refused_before_an_array_is_made():
    small = tf.make_tensor_proto([[1.0, 2.0]])
    small.tensor_shape.dim[0].size = 2**50
    with pytest.raises(ServingError, match=r"larger than 1000 bytes"):
        check(small, limits=RequestLimits(batch=2**60, tensor_bytes=1000))


def test_content_of_the_wrong_length_is_a_parsing_error():
    broken = tf.make_tensor_proto(np.zeros([4, 2], np.float32))
    broken.tensor_content = broken.tensor_content[:-3]
    with pytest.raises(ServingError, match="tensor parsing error: x"):
        check(broken)


@pytest.mark.parametrize("size", [-1, -5])
def test_negative_dimension_is_a_parsing_error(size):
    broken = tf.make_tensor_proto([[1.0, 2.0]])
    broken.tensor_shape.dim[0].size = size
    with pytest.raises(ServingError, match="tensor parsing error: x"):
        check(broken)


def test_image_headers_are_looked_at():
    encoded = tf.io.encode_png(np.zeros([20, 20, 1], np.uint8)).numpy()
    with pytest.raises(ServingError, match="claims 20 x 20 pixels"):
        check(tf.make_tensor_proto([[1.0, 2.0]]), tf.make_tensor_proto([encoded]), RequestLimits(pixels=399))


def test_strings_without_values_are_empty():
    none = tensor_pb2.TensorProto(dtype=tf.string.as_datatype_enum, tensor_shape=tf.TensorShape([2]).as_proto())
    assert list(check(tf.make_tensor_proto([[1.0, 2.0]]), none)["name"]) == [b"", b""]


def test_unknown_type_has_a_name():
    assert type_name(987) == "unknown type 987"


DTYPES = (
    np.float32,
    np.float64,
    np.int8,
    np.uint8,
    np.int16,
    np.uint16,
    np.int32,
    np.int64,
    np.uint32,
    np.uint64,
    np.bool_,
    np.float16,
)


@pytest.mark.parametrize("as_content", [False, True])
@settings(deadline=None)
@given(st.data())
def test_sent_arrays_arrive_unchanged(as_content, data):
    array = data.draw(arrays.arrays(data.draw(st.sampled_from(DTYPES)), arrays.array_shapes(min_dims=0, min_side=0)))
    np.testing.assert_array_equal(tf.make_ndarray(to_proto(array, as_content=as_content)), array)


def test_bfloat16_and_strings_arrive_unchanged():
    for array in (np.array([1.5, -2], ml_dtypes.bfloat16), np.array([[b"a\x00", b""]], object)):
        np.testing.assert_array_equal(tf.make_ndarray(to_proto(array, as_content=array.dtype == object)), array)


def test_a_type_that_has_no_field_is_unimplemented():
    with pytest.raises(ServingError, match="an output of type complex64 can't be sent"):
        to_proto(np.zeros(1, np.complex64))
