"""From the answer of a gRPC call to the JSON body of a REST response.

Source: tensorflow/serving, util/json_tensor.cc and model_servers/http_rest_api_util.cc.
"""

import json
from collections.abc import Mapping

from google.protobuf import json_format
from tensorflow.core.framework import tensor_pb2
from tensorflow_serving.apis import classification_pb2, get_model_metadata_pb2, get_model_status_pb2

from serving.json_requests import Format
from serving.json_tensors import nested, texts_of
from serving.json_values import decimal
from serving.model_info import SIGNATURE_DEF
from serving.serving_error import invalid

Tensors = Mapping[str, tensor_pb2.TensorProto]


def predict_body(outputs: Tensors, wanted: Format) -> str:
    """Return outputs as `predictions`, one element per row, or as `outputs`, one per tensor.

    Raises:
        ServingError: INVALID_ARGUMENT when rows can't be told apart, for a type that JSON can't hold, or without any output.
    """
    if not outputs:
        raise invalid("Cannot convert empty tensor map to JSON")
    return _rows_body(outputs) if wanted == "row" else _columns_body(outputs)


def classify_body(result: classification_pb2.ClassificationResult) -> str:
    """Return a list of [label, score] pairs for every example."""
    rows = [
        "[" + ", ".join(f"[{_text(one.label)}, {decimal(one.score, is_single=True)}]" for one in row.classes) + "]"
        for row in result.classifications
    ]
    return f'{{\n    "results": [{_lines(rows)}]\n}}'


def status_body(response: get_model_status_pb2.GetModelStatusResponse) -> str:
    """Return the states of versions."""
    # 'OK' has to be written out: it is what monitors look for.
    return str(json_format.MessageToJson(response, always_print_fields_with_no_presence=True, preserving_proto_field_name=True))


def metadata_body(response: get_model_metadata_pb2.GetModelMetadataResponse) -> str:
    """Return the signatures of a version; the map is taken out of its Any, as TF Serving does."""
    signatures = get_model_metadata_pb2.SignatureDefMap()
    response.metadata[SIGNATURE_DEF].Unpack(signatures)
    spec, definitions = (
        json_format.MessageToDict(message, always_print_fields_with_no_presence=True, preserving_proto_field_name=True)
        for message in (response.model_spec, signatures)
    )
    return json.dumps({"model_spec": spec, "metadata": {SIGNATURE_DEF: definitions}}, indent=1)


def _rows_body(outputs: Tensors) -> str:
    shapes = {name: [dim.size for dim in tensor.tensor_shape.dim] for name, tensor in sorted(outputs.items())}
    for name, shape in shapes.items():
        if not shape:
            raise invalid(f"Tensor name: {name} has no shape information ")
    batches = [shape[0] for shape in shapes.values()]
    for name, shape in shapes.items():
        if shape[0] != batches[0]:
            raise invalid(f"Tensor name: {name} has inconsistent batch size: {shape[0]} expecting: {batches[0]}")
    texts = {name: texts_of(name, tensor) for name, tensor in sorted(outputs.items())}
    rows = []
    for _ in range(batches[0]):
        values = {name: nested(texts[name], shape[1:]) for name, shape in shapes.items()}
        rows.append(next(iter(values.values())) if len(values) == 1 else _object(values))
    return f'{{\n    "predictions": [{_lines(rows)}]\n}}'


def _columns_body(outputs: Tensors) -> str:
    values = {
        name: nested(texts_of(name, tensor), [dim.size for dim in tensor.tensor_shape.dim])
        for name, tensor in sorted(outputs.items())
    }
    return f'{{\n    "outputs": {next(iter(values.values())) if len(values) == 1 else _object(values)}\n}}'


def _object(values: Mapping[str, str]) -> str:
    return "{" + ", ".join(f"{_text(name)}: {value}" for name, value in values.items()) + "}"


def _lines(rows: list[str]) -> str:
    return ",".join(f"\n        {row}" for row in rows) + "\n    "


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)
