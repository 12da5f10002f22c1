import numpy as np
import pytest
import tensorflow as tf

from serving.client.errors import ClientError
from serving.client.messages import Tensor
from serving.client.tensors import text_tensor, to_array


def read(proto):
    return to_array(Tensor.FromString(proto.SerializeToString()))


@pytest.mark.parametrize("value", [[[0.1, 0.9]], [0.5, 0.5, 0.5], np.zeros([0, 2])])
def test_float_arrays_are_read_from_content_fields_and_repeats(value):
    expected = np.asarray(value, np.float32)
    np.testing.assert_array_equal(read(tf.make_tensor_proto(value, tf.float32)), expected)
    fields = tf.make_tensor_proto(value, tf.float32)
    fields.tensor_content = b""
    fields.float_val[:] = expected.reshape(-1).tolist()
    np.testing.assert_array_equal(read(fields), expected)


def test_one_value_stands_for_those_that_follow():
    assert to_array(Tensor(dtype=1, float_val=[0.5], tensor_shape={"dim": [{"size": 3}]})).tolist() == [0.5] * 3


def test_texts_keep_zero_bytes_and_shape():
    array = read(tf.make_tensor_proto([[b"a\x00", b"longer"]]))
    assert array.dtype == object
    assert array.tolist() == [[b"a\x00", b"longer"]]


def test_texts_are_written_as_tensorflow_reads_them():
    proto = tf.make_tensor_proto([b"a", b"b\x00"])
    assert type(proto).FromString(text_tensor([b"a", b"b\x00"]).SerializeToString()) == proto


@pytest.mark.parametrize(
    ("tensor", "message"),
    [
        (Tensor(dtype=9), "a tensor of type 9; expected"),
        (Tensor(dtype=1, float_val=[1, 2, 3], tensor_shape={"dim": [{"size": 2}]}), r"3 values for a tensor of shape \[2\]"),
        (Tensor(dtype=7, tensor_shape={"dim": [{"size": 2}]}), r"0 values for a tensor of shape \[2\]"),
        (Tensor(dtype=1, float_val=[1], tensor_shape={"dim": [{"size": -1}]}), r"of shape \[-1\]"),
        (Tensor(dtype=1, float_val=[1], tensor_shape={"dim": [{"size": 2**40}]}), "of shape"),
        (Tensor(dtype=1, tensor_content=b"abc", tensor_shape={"dim": [{"size": 1}]}), "0 values"),
    ],
)
def test_tensor_that_is_not_what_it_says_is_refused(tensor, message):
    with pytest.raises(ClientError, match=message):
        to_array(tensor)
