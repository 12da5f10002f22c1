"""Between TensorProto and arrays, checked against a signature before anything runs.

A wrong-rank float tensor makes oneDNN abort the whole process, and a shape of a few bytes may claim terabytes: TF Serving checks
neither, this server does. Texts are TF Serving's where it has one (servables/tensorflow/predict_util.cc).
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import grpc
import numpy as np
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2, tensor_shape_pb2

from serving.image_header import check_images
from serving.saved_model import Array
from serving.serving_error import ServingError, invalid

VALUE_FIELDS = {
    tf.float32: "float_val",
    tf.float64: "double_val",
    tf.int32: "int_val",
    tf.int16: "int_val",
    tf.int8: "int_val",
    tf.uint8: "int_val",
    tf.uint16: "int_val",
    tf.int64: "int64_val",
    tf.uint32: "uint32_val",
    tf.uint64: "uint64_val",
    tf.bool: "bool_val",
    tf.string: "string_val",
    tf.half: "half_val",
    tf.bfloat16: "half_val",
}
SignatureDef = Any
Tensors = Mapping[str, tensor_pb2.TensorProto]


@dataclass(frozen=True)
class RequestLimits:
    """What one request may ask for.

    Args:
        batch: rows of an input whose first dimension is free.
        tensor_bytes: size of an input as an array.
        pixels: width times height that the header of an image may claim.
    """

    batch: int = 1024
    tensor_bytes: int = 64 * 2**20
    pixels: int = 50_000_000


def checked_arrays(
    signature: SignatureDef, inputs: Mapping[str, tensor_pb2.TensorProto], limits: RequestLimits
) -> dict[str, Array]:
    """Return the inputs of a request as arrays that its signature can take.

    Raises:
        ServingError: INVALID_ARGUMENT when names, dtype, shape, size or an image header do not fit.
    """
    arrays = {}
    for position, (name, tensor) in enumerate(sorted(completed(signature, inputs).items())):
        _check_dtype(position, tensor.dtype, signature.inputs[name].dtype)
        _check_shape(name, tensor.tensor_shape, signature.inputs[name].tensor_shape)
        _check_size(name, tensor, signature.inputs[name].tensor_shape, limits)
        arrays[name] = _to_array(name, tensor)
        if tensor.dtype == tf.string.as_datatype_enum:
            check_images(arrays[name].reshape(-1), limits.pixels)
    return arrays


def to_proto(array: Array, *, as_content: bool = False) -> tensor_pb2.TensorProto:
    """Return an array as TF Serving answers it: in typed fields, or as raw bytes when `as_content` (never for strings).

    Raises:
        ServingError: UNIMPLEMENTED for a dtype without a field.
    """
    dtype = tf.string if array.dtype == object else tf.as_dtype(array.dtype)
    tensor = tensor_pb2.TensorProto(dtype=dtype.as_datatype_enum, tensor_shape=tf.TensorShape(array.shape).as_proto())
    if as_content and dtype is not tf.string:
        tensor.tensor_content = array.tobytes()
        return tensor
    if dtype not in VALUE_FIELDS:
        raise ServingError(grpc.StatusCode.UNIMPLEMENTED, f"an output of type {dtype.name} can't be sent")
    bits = array.view(np.uint16) if VALUE_FIELDS[dtype] == "half_val" else array
    getattr(tensor, VALUE_FIELDS[dtype]).extend(bits.reshape(-1).tolist())
    return tensor


def completed(signature: SignatureDef, inputs: Tensors) -> Tensors:
    """Return the inputs of a request and, for those that it leaves out, the defaults of the signature.

    Raises:
        ServingError: INVALID_ARGUMENT when names do not fit (texts: tensorflow/cc/saved_model/util.cc).
    """
    given, expected, defaults = set(inputs), set(signature.inputs), signature.defaults
    if len(given) > len(expected) or (len(given) < len(expected) and not defaults):
        lists = [_names(names) for names in (given, expected, given - expected, expected - given)]
        raise invalid(
            f"input size does not match signature: {len(given)}!={len(expected)} len({{{lists[0]}}}) != len({{{lists[1]}}}). "
            f"Sent extra: {{{lists[2]}}}. Missing but required: {{{lists[3]}}}."
        )
    for name in sorted(expected - given - set(defaults)):
        raise invalid(
            f"Signature input alias: {name}(feed name: {signature.inputs[name].name}) not found in request and no default value "
            f"provided. Inputs expected to be in the request {{{_names(given)}}}, or default input alias set: {_names(defaults)}"
        )
    if given - expected:
        used = f"Used request inputs: {_names(given & expected)}, request input: {_names(given)}"
        raise invalid(f"Inputs contains invalid name. {used}")
    return {name: inputs[name] if name in given else defaults[name] for name in expected}


def _names(names: Iterable[str]) -> str:
    return ",".join(sorted(names))


def _check_dtype(position: int, given: int, expected: int) -> None:
    if given != expected:  # the text is that of Session::Run
        names = [type_name(number) for number in (expected, given)]
        raise invalid(f"Expects arg[{position}] to be {names[0]} but {names[1]} is provided")


def type_name(number: int) -> str:
    """Return TensorFlow's name of a DataType number, such as 'float'."""
    known = tensor_pb2.TensorProto.DESCRIPTOR.fields_by_name["dtype"].enum_type.values_by_number.get(number)
    return known.name.removeprefix("DT_").lower() if known else f"unknown type {number}"


def _check_shape(name: str, given: tensor_shape_pb2.TensorShapeProto, expected: tensor_shape_pb2.TensorShapeProto) -> None:
    dims = [dim.size for dim in given.dim]
    if given.unknown_rank or any(size < 0 for size in dims):
        raise invalid(f"tensor parsing error: {name}")
    if expected.unknown_rank:
        return
    wanted = [dim.size for dim in expected.dim]
    fits = len(dims) == len(wanted) and all(want in (-1, size) for want, size in zip(wanted, dims, strict=True))
    if not fits:
        raise invalid(f"input {name} has shape {_shape_text(dims)}; expected {_shape_text(wanted)}")


def _shape_text(sizes: list[int]) -> str:
    return f"[{','.join('?' if size == -1 else str(size) for size in sizes)}]"


def _check_size(
    name: str, tensor: tensor_pb2.TensorProto, expected: tensor_shape_pb2.TensorShapeProto, limits: RequestLimits
) -> None:
    """Bound what the shape claims before any array of it is made: one value stands for all that follow it."""
    dims = [dim.size for dim in tensor.tensor_shape.dim]
    has_batch = bool(dims) and (expected.unknown_rank or expected.dim[0].size == -1)
    if has_batch and dims[0] > limits.batch:
        raise invalid(f"input {name} has a batch of {dims[0]}; expected at most {limits.batch}")
    if math.prod(dims) * _bytes_per_value(tensor.dtype) > limits.tensor_bytes:
        raise invalid(f"input {name} of shape {_shape_text(dims)} is larger than {limits.tensor_bytes} bytes")


def _bytes_per_value(number: int) -> int:
    return max(tf.as_dtype(number).size or 0, 1)


def _to_array(name: str, tensor: tensor_pb2.TensorProto) -> Array:
    if tensor.dtype == tf.string.as_datatype_enum and not tensor.string_val:
        return np.full([dim.size for dim in tensor.tensor_shape.dim], b"", object)
    try:
        return np.asarray(tf.make_ndarray(tensor))
    except (ValueError, TypeError, OverflowError) as error:
        raise invalid(f"tensor parsing error: {name}") from error
