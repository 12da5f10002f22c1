"""Nested JSON lists as tensors, and tensors as nested JSON lists (tensorflow/serving, util/json_tensor.cc)."""

import base64
import binascii
import json
from collections.abc import Callable, Iterator
from typing import Any

import tensorflow as tf
from tensorflow.core.framework import tensor_pb2

from serving.json_values import decimal, shown, type_name
from serving.serving_error import invalid
from serving.tensors import VALUE_FIELDS

INTEGERS = {tf.int32: 32, tf.int16: 32, tf.int8: 32, tf.uint8: 32, tf.int64: 64}  # rapidjson's IsInt for the small ones
UNSIGNED = {tf.uint32: 32, tf.uint64: 64}
MOST_DIMENSIONS = 254  # tensorflow/core/framework/tensor_shape.h, MaxDimensions
BYTES_SUFFIX = "_bytes"  # an output with such a name is bytes, and no text


def is_base64(value: Any) -> bool:
    """Tell whether a value is {"b64": "..."}: bytes."""
    return isinstance(value, dict) and list(value) == ["b64"] and isinstance(value["b64"], str)


def dense_shape(value: Any) -> list[int]:
    """Return the shape of nested lists, read off their first elements.

    Raises:
        ServingError: INVALID_ARGUMENT for more levels than a tensor has dimensions.
    """
    shape: list[int] = []
    while isinstance(value, list):
        if len(shape) == MOST_DIMENSIONS:
            raise invalid(f"JSON Value: nested deeper than {MOST_DIMENSIONS} lists, the dimensions that a tensor has at most")
        shape.append(len(value))
        if not value:
            break
        value = value[0]
    return shape


def fill(value: Any, shape: list[int], tensor: tensor_pb2.TensorProto, level: int = 0) -> None:
    """Append nested lists to a tensor of the given shape.

    Raises:
        ServingError: INVALID_ARGUMENT when the lists are ragged or a value has the wrong type.
    """
    if not isinstance(value, list):
        if level != len(shape):
            place = f"found at incorrect level: {level + 1} in the JSON DOM. Expected at level: {len(shape)}"
            raise invalid(f"JSON Value: {shown(value)} {place}")
        _append(value, tensor)
        return
    if level >= len(shape):
        raise invalid(f"Encountered list at unexpected level: {level} expected < {len(shape)}")
    if len(value) != shape[level]:
        raise invalid(f"Encountered list at unexpected size: {len(value)} at level: {level} expected size: {shape[level]}")
    for element in value:
        fill(element, shape, tensor, level + 1)


def _append(value: Any, tensor: tensor_pb2.TensorProto) -> None:
    dtype = tf.as_dtype(tensor.dtype)
    if dtype is tf.string and isinstance(value, dict):
        tensor.string_val.append(decoded(value))
        return
    if dtype not in VALUE_FIELDS or dtype.name in ("float16", "bfloat16"):
        raise invalid(f"Conversion of JSON Value: {shown(value)} to type: {dtype.name}")
    if not _fits(value, dtype):
        expected = "float" if dtype is tf.float32 else dtype.name
        raise invalid(f"JSON Value: {shown(value)} Type: {type_name(value)} is not of expected type: {expected}")
    getattr(tensor, VALUE_FIELDS[dtype]).append(value.encode() if dtype is tf.string else value)


def _fits(value: Any, dtype: tf.DType) -> bool:
    if dtype is tf.string:
        return isinstance(value, str)
    if dtype is tf.bool or isinstance(value, bool):
        return dtype is tf.bool and isinstance(value, bool)
    if dtype in INTEGERS:
        return isinstance(value, int) and -(2 ** (INTEGERS[dtype] - 1)) <= value < 2 ** (INTEGERS[dtype] - 1)
    if dtype in UNSIGNED:
        return isinstance(value, int) and 0 <= value < 2 ** UNSIGNED[dtype]
    return isinstance(value, float) or (isinstance(value, int) and abs(value) < 2**64)


def decoded(value: Any) -> bytes:
    """Return the bytes of {"b64": "..."}.

    Raises:
        ServingError: INVALID_ARGUMENT for another object, or text that is no base64.
    """
    if not is_base64(value):
        raise invalid(f"JSON Value: {shown(value)} not formatted correctly for base64 data")
    try:
        return base64.b64decode(value["b64"], validate=True)
    except (binascii.Error, ValueError) as error:
        raise invalid("Unable to base64 decode") from error


def shape_text(sizes: list[int]) -> str:
    """Return a shape as errors show it."""
    return f"[{','.join(map(str, sizes))}]"


def texts_of(name: str, tensor: tensor_pb2.TensorProto) -> Iterator[str]:
    """Yield the values of an output as JSON, in row-major order.

    Raises:
        ServingError: INVALID_ARGUMENT for a type that JSON can't hold.
    """
    dtype = tf.as_dtype(tensor.dtype)
    write = _writer(name, dtype)
    if dtype not in VALUE_FIELDS or write is None:
        raise invalid(f"Failed to write JSON value for tensor type: {dtype.name}")
    return map(write, getattr(tensor, VALUE_FIELDS[dtype]))


def nested(texts: Iterator[str], shape: list[int]) -> str:
    """Return values, already JSON, as lists of the given shape; a scalar is no list."""
    if not shape:
        return next(texts)
    return f"[{', '.join(nested(texts, shape[1:]) for _ in range(shape[0]))}]"


def _writer(name: str, dtype: tf.DType) -> Callable[[Any], str] | None:
    if dtype in (tf.float32, tf.float64):
        return lambda value: decimal(value, is_single=dtype is tf.float32)
    if dtype is tf.string:
        return _bytes_text if name.endswith(BYTES_SUFFIX) else _string_text
    return None if dtype.name in ("float16", "bfloat16") else json.dumps


def _bytes_text(value: bytes) -> str:
    return json.dumps({"b64": base64.b64encode(value).decode()})


def _string_text(value: bytes) -> str:
    return json.dumps(value.decode(errors="replace"), ensure_ascii=False)
