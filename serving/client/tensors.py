"""Between TensorProto and arrays, for the two types that travel: texts and float32."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from serving.client.errors import ClientError
from serving.client.messages import Tensor

DT_FLOAT, DT_STRING = 1, 7  # tensorflow/core/framework/types.proto
MOST_VALUES = 2**24  # of a tensor that says less than it claims: a few bytes must not take all memory


def text_tensor(values: Sequence[bytes]) -> Any:
    """Return a TensorProto of type string [len(values)]."""
    tensor = Tensor(dtype=DT_STRING, string_val=values)
    tensor.tensor_shape.dim.add(size=len(values))
    return tensor


def to_array(tensor: Any) -> np.ndarray:
    """Return a TensorProto as an array: float32, or object of bytes.

    Raises:
        ClientError: when it is of another type, or does not hold what its shape says.
    """
    shape = [dim.size for dim in tensor.tensor_shape.dim]
    if tensor.dtype == DT_STRING:
        return _filled(np.array([*tensor.string_val, None], object)[:-1], shape)  # None: NumPy is to make no text type of bytes
    if tensor.dtype == DT_FLOAT:
        return _filled(_floats(tensor), shape)
    raise ClientError(f"the server answered with a tensor of type {tensor.dtype}; expected float32 (1) or string (7)")


def _floats(tensor: Any) -> np.ndarray:
    """Return the values, from raw bytes (TF Serving's --enable_serialization_as_tensor_content) or from the typed field."""
    if not tensor.tensor_content:
        return np.array(tensor.float_val, np.float32)
    whole = len(tensor.tensor_content) // 4 * 4
    return np.frombuffer(tensor.tensor_content[:whole], "<f4").astype(np.float32)


def _filled(values: np.ndarray, shape: list[int]) -> np.ndarray:
    """Shape values; of a field that holds fewer, the last stands for those that follow (tensor.proto)."""
    wanted = math.prod(shape)
    fits = values.size == wanted or 1 <= values.size < wanted <= MOST_VALUES
    if any(size < 0 for size in shape) or not fits:
        raise ClientError(f"the server answered with {values.size} values for a tensor of shape {shape}")
    return np.concatenate([values, np.repeat(values[-1:], wanted - values.size)]).reshape(shape)
