"""The few of TF Serving's messages that a client needs, wire for wire, without the modules that load TensorFlow.

Sources: tensorflow/serving apis/predict.proto, apis/model.proto, apis/get_model_status.proto; tensorflow/core/framework
tensor.proto, tensor_shape.proto. On the wire an enum is an int32, a map is its repeated entries, and a field that is not declared
is skipped: tests hold these declarations against the generated modules.
"""

from collections.abc import Mapping
from typing import Any

from serving.declared_messages import Fields, message_classes

MESSAGES: Mapping[str, Fields] = {
    "Int64Value": {"value": (1, "int64")},
    "ModelSpec": {"name": (1, "string"), "version": (2, "Int64Value"), "signature_name": (3, "string")},
    "Dim": {"size": (1, "int64")},
    "TensorShape": {"dim": (2, "repeated Dim")},
    "Tensor": {
        "dtype": (1, "int32"),
        "tensor_shape": (2, "TensorShape"),
        "tensor_content": (4, "bytes"),
        "float_val": (5, "repeated float"),
        "string_val": (8, "repeated bytes"),
    },
    "NamedTensor": {"key": (1, "string"), "value": (2, "Tensor")},
    "PredictRequest": {"model_spec": (1, "ModelSpec"), "inputs": (2, "repeated NamedTensor")},
    "PredictResponse": {"outputs": (1, "repeated NamedTensor"), "model_spec": (2, "ModelSpec")},
    "GetModelStatusRequest": {"model_spec": (1, "ModelSpec")},
    "ModelVersionStatus": {"version": (1, "int64"), "state": (2, "int32")},
    "GetModelStatusResponse": {"model_version_status": (1, "repeated ModelVersionStatus")},
}
CLASSES = message_classes("medtfx.client", MESSAGES)

# Any: the classes are made at run time, and a type checker does not know their fields.
ModelSpec: Any = CLASSES["ModelSpec"]
Tensor: Any = CLASSES["Tensor"]
PredictRequest: Any = CLASSES["PredictRequest"]
PredictResponse: Any = CLASSES["PredictResponse"]
GetModelStatusRequest: Any = CLASSES["GetModelStatusRequest"]
GetModelStatusResponse: Any = CLASSES["GetModelStatusResponse"]
