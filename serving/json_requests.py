"""From the JSON body of a REST request to the message of the gRPC call that it stands for.

Rules, order of checks and texts: tensorflow/serving, util/json_tensor.cc. Where TF Serving quotes a value in an error, this
server names its kind and size: it may be a patient's.
"""

import math
from collections.abc import Callable, Mapping
from typing import Any, Literal

import tensorflow as tf
from tensorflow_serving.apis import classification_pb2, model_pb2, predict_pb2

from serving.json_tensors import decoded, dense_shape, fill, is_base64, shape_text
from serving.json_values import json_type, parse_object, shown
from serving.serving_error import ServingError, invalid

Format = Literal["row", "columnar"]
Inputs = Mapping[str, Any]  # TensorInfo by name


def predict_request(
    body: bytes, spec: model_pb2.ModelSpec, inputs_of: Callable[[str], Inputs]
) -> tuple[predict_pb2.PredictRequest, Format]:
    """Return the Predict request of a body, and in which format the answer is wanted.

    Args:
        body: JSON.
        spec: model and version, from the URL.
        inputs_of: returns the inputs of a signature, '' meaning the default one.

    Raises:
        ServingError: INVALID_ARGUMENT when the body is not formatted as the signature needs it; UNIMPLEMENTED for an input of a
            type that JSON can't fill.
    """
    document = parse_object(body)
    request = predict_pb2.PredictRequest(model_spec=spec)
    request.model_spec.signature_name = _signature_name(document)
    inputs = inputs_of(request.model_spec.signature_name)
    if not inputs:
        raise invalid(f"Failed to get input map for signature: {request.model_spec.signature_name or 'DEFAULT'}")
    if "instances" in document and "inputs" in document:
        raise invalid(
            f"JSON Value: {shown(document)} Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist "
        )
    if "instances" in document:
        _fill_rows(document["instances"], inputs, request)
        return request, "row"
    if "inputs" in document:
        _fill_columns(document["inputs"], inputs, request)
        return request, "columnar"
    raise invalid("Missing 'inputs' or 'instances' key")


def classify_request(body: bytes, spec: model_pb2.ModelSpec) -> classification_pb2.ClassificationRequest:
    """Return the Classify request of a body.

    Raises:
        ServingError: INVALID_ARGUMENT when the body is not formatted as expected.
    """
    document = parse_object(body)
    request = classification_pb2.ClassificationRequest(model_spec=spec)
    request.model_spec.signature_name = _signature_name(document)
    if "examples" not in document:
        raise invalid(f"JSON Value: {shown(document)} When method is classify, key 'examples' is expected and was not found")
    examples = document["examples"]
    if not isinstance(examples, list):
        raise invalid(f"JSON Value: {shown(document)} Expecting 'examples' value to be an list/array")
    if not examples:
        raise invalid(f"JSON Value: {shown(document)} 'examples' value is an empty array")
    listed = request.input.example_list
    if "context" in document:
        request.input.example_list_with_context.context.CopyFrom(_example(document["context"]))
        listed = request.input.example_list_with_context
    listed.examples.extend(_example(value) for value in examples)
    return request


def _signature_name(document: Mapping[str, Any]) -> str:
    name = document.get("signature_name", "")
    if not isinstance(name, str):
        raise invalid(f"JSON Value: {shown(document)} not formatted correctly. 'signature_name' key must be a string value.")
    return name


def _fill_rows(instances: Any, inputs: Inputs, request: predict_pb2.PredictRequest) -> None:
    """Fill the tensors of a request from a list with one element per row: each a value, or an object of named values."""
    if not isinstance(instances, list):
        raise invalid(f"JSON Value: {shown(instances)} Expecting 'instances' to be an list/array")
    if not instances:
        raise invalid(f"JSON Value: {shown(instances)} No values in 'instances' array")
    named = _is_named(instances[0])
    if not named and len(inputs) > 1:
        raise invalid(
            "instances is a plain list, but expecting list of objects as multiple input tensors required as per tensorinfo_map"
        )
    for position, element in enumerate(instances):
        if _is_named(element) != named:
            kinds = "object but got list" if named else "value/list but got object"
            raise invalid(f"Expecting {kinds} at item {position} of input list")
        if named:
            _add_row(position, element, inputs, request)
        else:
            _add_instance(element, (next(iter(inputs)), f"{position}"), inputs, request)
    for tensor in request.inputs.values():
        shape = [len(instances), *(dim.size for dim in tensor.tensor_shape.dim)]
        tensor.tensor_shape.CopyFrom(tf.TensorShape(shape).as_proto())


def _add_row(position: int, values: Mapping[str, Any], inputs: Inputs, request: predict_pb2.PredictRequest) -> None:
    for name, value in values.items():
        _add_instance(value, (name, f"{position} key: {name}"), inputs, request)
    if set(values) != set(inputs):
        raise invalid(
            f"Failed to process element: {position} of 'instances' list. JSON object: {shown(dict(values))} "
            f"keys must be equal to: {','.join(sorted(inputs))}"
        )


def _add_instance(value: Any, place: tuple[str, str], inputs: Inputs, request: predict_pb2.PredictRequest) -> None:
    """Add the value that one row has for an input; `place` is the input's name, and what an error calls it."""
    try:
        _append_instance(value, place[0], inputs, request)
    except ServingError as error:
        text = f"Failed to process element: {place[1]} of 'instances' list. Error: {error.code.name}: {error}"
        raise invalid(text) from error


def _append_instance(value: Any, name: str, inputs: Inputs, request: predict_pb2.PredictRequest) -> None:
    if name not in inputs:
        raise invalid(f"JSON object: does not have named input: {name}")
    shape = dense_shape(value)
    known = [dim.size for dim in request.inputs[name].tensor_shape.dim] if name in request.inputs else shape
    tensor = request.inputs[name]
    tensor.dtype = inputs[name].dtype
    tensor.tensor_shape.CopyFrom(tf.TensorShape(known).as_proto())
    fill(value, shape, tensor)
    if math.prod(shape) != math.prod(known):
        raise invalid(f"Expecting tensor size: {math.prod(known)} but got: {math.prod(shape)}")
    if shape != known:
        raise invalid(f"Expecting shape {shape_text(known)} but got: {shape_text(shape)}")


def _fill_columns(given: Any, inputs: Inputs, request: predict_pb2.PredictRequest) -> None:
    """Fill the tensors of a request from an object of named tensors, or the tensor of the only input."""
    if not _is_named(given):
        if len(inputs) > 1:
            raise invalid(
                "inputs is a plain value/list, but expecting an object as multiple input tensors required as per tensorinfo_map"
            )
        given = dict.fromkeys(inputs, given)
    for name, info in inputs.items():
        if name not in given:
            raise invalid(f"Missing named input: {name} in 'inputs' object.")
        shape = dense_shape(given[name])
        tensor = request.inputs[name]
        tensor.dtype = info.dtype
        tensor.tensor_shape.CopyFrom(tf.TensorShape(shape).as_proto())
        fill(given[name], shape, tensor)


def _is_named(value: Any) -> bool:
    return isinstance(value, dict) and not is_base64(value)


def _example(value: Any) -> tf.train.Example:
    """Return the Example of an object of features."""
    if not isinstance(value, dict):
        raise invalid(f"Example must be JSON object but got JSON {json_type(value)}")
    example = tf.train.Example()
    for name, content in value.items():
        feature = example.features.feature[name]
        for element in content if isinstance(content, list) else [content]:
            _append_to_feature(element, name, feature)
    return example


def _append_to_feature(value: Any, name: str, feature: tf.train.Feature) -> None:
    kind, stored = _feature_value(value, name)
    if feature.WhichOneof("kind") not in (None, kind):
        known = feature.WhichOneof("kind").removesuffix("_list")
        raise invalid(f"Unexpected element type in feature: {name} expecting type: {known}")
    getattr(feature, kind).value.append(stored)


def _feature_value(value: Any, name: str) -> tuple[str, Any]:
    if isinstance(value, str):
        return "bytes_list", value.encode()
    if is_base64(value):
        return "bytes_list", decoded(value)
    if isinstance(value, float):
        return "float_list", value
    if not isinstance(value, int):
        raise invalid(f"Feature: {name} has element with unexpected JSON type: {json_type(value)}")
    if not -(2**63) <= value < 2**63:
        raise invalid(f"Feature: {name} has uint64_t element. Only int64_t is supported.")
    return "int64_list", int(value)
