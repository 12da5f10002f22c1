"""Nested JSON lists as tensors, and tensors as nested JSON lists (tensorflow/serving, util/json_tensor.cc)."""

import base64
import binascii
import json
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2

from serving.json_values import decimal, json_type, shown
from serving.serving_error import ServingError, invalid
from serving.tensors import VALUE_FIELDS, type_name

INTEGERS = {tf.int32: 32, tf.int16: 32, tf.int8: 32, tf.uint8: 32, tf.int64: 64}  # rapidjson's IsInt for the small ones
UNSIGNED = {tf.uint32: 32, tf.uint64: 64}
FLOATING = (tf.float32, tf.float64)
JSON_TYPES = frozenset({*INTEGERS, *UNSIGNED, *FLOATING, tf.string, tf.bool})  # AddValueToTensor and AddSingleValueAndAdvance
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


def fill(value: Any, shape: list[int], tensor: tensor_pb2.TensorProto) -> None:
    """Append nested lists to a tensor of the given shape, whose type is set.

    Raises:
        ServingError: INVALID_ARGUMENT when the lists are ragged or a value has the wrong type; UNIMPLEMENTED for a tensor of a
            type that JSON can't fill.
    """
    _fill(value, shape, 0, _appending(tensor))


def _fill(value: Any, shape: list[int], level: int, append: Callable[[Any], None]) -> None:
    if not isinstance(value, list):
        if level != len(shape):
            place = f"found at incorrect level: {level + 1} in the JSON DOM. Expected at level: {len(shape)}"
            raise invalid(f"JSON Value: {shown(value)} {place}")
        append(value)
        return
    if level >= len(shape):
        raise invalid(f"Encountered list at unexpected level: {level} expected < {len(shape)}")
    if len(value) != shape[level]:
        raise invalid(f"Encountered list at unexpected size: {len(value)} at level: {level} expected size: {shape[level]}")
    for element in value:
        _fill(element, shape, level + 1, append)


def _appending(tensor: tensor_pb2.TensorProto) -> Callable[[Any], None]:
    """Return what adds one value to a tensor, once it is known to fit."""
    dtype = tf.as_dtype(tensor.dtype)
    fits, values = _fitting(dtype), getattr(tensor, VALUE_FIELDS.get(dtype, "float_val"))

    def append(value: Any) -> None:
        if dtype is tf.string and isinstance(value, dict):
            values.append(decoded(value))
        elif dtype not in JSON_TYPES and not isinstance(value, dict):
            text = f"Conversion of JSON Value: {shown(value)} to type: {type_name(tensor.dtype)}"
            raise ServingError(grpc.StatusCode.UNIMPLEMENTED, text)
        elif not fits(value):
            given = f"JSON Value: {shown(value)} Type: {json_type(value)}"
            raise invalid(f"{given} is not of expected type: {type_name(tensor.dtype)}")
        else:
            values.append(value.encode() if dtype is tf.string else value)

    return append


def _fitting(dtype: tf.DType) -> Callable[[Any], bool]:
    """Return what tells whether a value fits a type; to JSON, unlike to Python, true is no number."""
    if dtype in INTEGERS or dtype in UNSIGNED:
        least = -(2 ** (INTEGERS[dtype] - 1)) if dtype in INTEGERS else 0
        beyond = 2 ** (INTEGERS[dtype] - 1) if dtype in INTEGERS else 2 ** UNSIGNED[dtype]
        return lambda value: type(value) is int and least <= value < beyond
    if dtype in FLOATING:
        return lambda value: type(value) in (int, float)
    kind = {tf.string: str, tf.bool: bool}.get(dtype)
    return lambda value: type(value) is kind


def decoded(value: Any) -> bytes:
    """Return the bytes of {"b64": "..."}; as absl::Base64Unescape reads it, without its padding too, or in lines.

    Raises:
        ServingError: INVALID_ARGUMENT for another object, or text that is no base64.
    """
    if not is_base64(value):
        raise invalid(f"JSON Value: {shown(value)} not formatted correctly for base64 data")
    text = "".join(value["b64"].split())
    digits = text.rstrip("=")
    if digits != text and len(text) % 4:  # a padding that is there has to be right
        raise invalid("Unable to base64 decode")
    try:
        return base64.b64decode(digits + "=" * (-len(digits) % 4), validate=True)
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
    if dtype not in JSON_TYPES:
        raise invalid(f"Failed to write JSON value for tensor type: {type_name(tensor.dtype)}")
    values = getattr(tensor, VALUE_FIELDS[dtype])
    if tensor.tensor_content:  # --enable_serialization_as_tensor_content
        values = tf.make_ndarray(tensor).reshape(-1).tolist()
    return map(_writer(name, dtype), values)


def nested(texts: Iterator[str], shape: list[int]) -> str:
    """Return values, already JSON, as lists of the given shape; a scalar is no list."""
    if not shape:
        return next(texts)
    return f"[{', '.join(nested(texts, shape[1:]) for _ in range(shape[0]))}]"


def _writer(name: str, dtype: tf.DType) -> Callable[[Any], str]:
    if dtype in FLOATING:
        return lambda value: decimal(value, is_single=dtype is tf.float32)
    if dtype is tf.string:
        return _bytes_text if name.endswith(BYTES_SUFFIX) else _string_text
    return json.dumps


def _bytes_text(value: bytes) -> str:
    return json.dumps({"b64": base64.b64encode(value).decode()})


def _string_text(value: bytes) -> str:
    return json.dumps(value.decode(errors="replace"), ensure_ascii=False)
