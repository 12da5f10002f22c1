"""The declared messages against the generated ones, byte for byte."""

import pytest
from tensorflow.core.framework import tensor_pb2
from tensorflow_serving.apis import get_model_status_pb2, model_pb2, predict_pb2

from serving.client import messages
from serving.client.client import AVAILABLE

GENERATED = {
    "ModelSpec": model_pb2.ModelSpec,
    "Tensor": tensor_pb2.TensorProto,
    "TensorShape": tensor_pb2.TensorProto.DESCRIPTOR.fields_by_name["tensor_shape"].message_type,
    "PredictRequest": predict_pb2.PredictRequest,
    "PredictResponse": predict_pb2.PredictResponse,
    "GetModelStatusRequest": get_model_status_pb2.GetModelStatusRequest,
    "ModelVersionStatus": get_model_status_pb2.ModelVersionStatus,
    "GetModelStatusResponse": get_model_status_pb2.GetModelStatusResponse,
}


@pytest.mark.parametrize("name", GENERATED)
def test_fields_have_the_names_and_numbers_of_the_generated_modules(name):
    real = getattr(GENERATED[name], "DESCRIPTOR", GENERATED[name])
    for field in messages.CLASSES[name].DESCRIPTOR.fields:
        known = real.fields_by_name[field.name]
        assert (known.number, known.is_repeated) == (field.number, field.is_repeated)


def test_request_is_read_by_the_generated_class():
    spec = messages.ModelSpec(name="demo", signature_name="predict_image")
    spec.version.value = 7
    tensor = messages.Tensor(dtype=7, string_val=[b"a", b"b\x00"])
    tensor.tensor_shape.dim.add(size=2)
    request = messages.PredictRequest(model_spec=spec)
    request.inputs.add(key="image", value=tensor)
    real = predict_pb2.PredictRequest.FromString(request.SerializeToString())
    assert (real.model_spec.name, real.model_spec.version.value, real.model_spec.signature_name) == ("demo", 7, "predict_image")
    assert list(real.inputs["image"].string_val) == [b"a", b"b\x00"]
    assert [dim.size for dim in real.inputs["image"].tensor_shape.dim] == [2]


def test_response_of_the_generated_class_is_read():
    real = predict_pb2.PredictResponse()
    real.model_spec.name, real.model_spec.version.value = "demo", 7
    real.outputs["probabilities"].dtype = 1
    real.outputs["probabilities"].float_val.extend([0.25, 0.75])
    real.outputs["probabilities"].int64_val.append(1)  # a field that is not declared
    response = messages.PredictResponse.FromString(real.SerializeToString())
    assert (response.model_spec.name, response.model_spec.version.value) == ("demo", 7)
    (entry,) = response.outputs
    assert (entry.key, entry.value.dtype, list(entry.value.float_val)) == ("probabilities", 1, [0.25, 0.75])


def test_states_are_those_of_the_generated_enum():
    assert get_model_status_pb2.ModelVersionStatus.State.Value("AVAILABLE") == AVAILABLE
