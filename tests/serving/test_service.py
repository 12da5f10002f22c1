import threading

import grpc
import pytest
from google.protobuf import text_format
from tensorflow_serving.apis import predict_pb2

from serving.serving_error import ServingError

X = 'inputs { key: "x" value { dtype: DT_FLOAT tensor_shape { dim { size: 1 } dim { size: 2 } } float_val: 1 } }'


def predict(service, text):
    request = text_format.Parse(text, predict_pb2.PredictRequest())
    with service.counted(request.model_spec.name, "Predict", "GRPC"):
        return service.predict(request, None)


def counted(service, name, status):
    key = f'request_count{{model_name="{name}",status="{status}"}} '
    return sum(int(line.split()[-1]) for line in service.metrics.page().splitlines() if key in line)


def test_every_request_is_counted_once_by_its_status(running):
    service = running[0].service
    before = {status: counted(service, "demo", status) for status in ("OK", "FAILED_PRECONDITION")}
    predict(service, f'model_spec {{ name: "demo" }} {X}')
    with pytest.raises(ServingError, match="Serving signature key"):
        predict(service, 'model_spec { name: "demo" signature_name: "nope" }')
    assert {status: counted(service, "demo", status) - count for status, count in before.items()} == dict.fromkeys(before, 1)


def test_names_of_no_model_are_counted_together(running):
    service = running[0].service
    before = counted(service, "unknown", "NOT_FOUND")
    for name in ("Doe^Jane", "another"):
        with pytest.raises(ServingError, match="Servable not found"):
            predict(service, f'model_spec {{ name: "{name}" }}')
    assert counted(service, "unknown", "NOT_FOUND") == before + 2
    assert "Doe" not in service.metrics.page()


def test_a_place_is_given_back_whatever_happens(running):
    service = running[0].service
    predict(service, f'model_spec {{ name: "demo" }} {X}')
    for text, reason in (("model_spec {}", "ModelSpec has no name specified."), ("", "Missing ModelSpec")):
        with pytest.raises(ServingError, match=reason) as caught:
            predict(service, text)
        assert caught.value.code is grpc.StatusCode.INVALID_ARGUMENT
    assert service.admission.in_work == 0


def test_answers_from_many_threads_are_right(running):
    service, answers = running[0].service, []

    def ask(value: float) -> None:
        response = predict(service, f'model_spec {{ name: "demo" }} {X.replace("float_val: 1", f"float_val: {value}")}')
        answers.append((value, response.outputs["y"].float_val[0]))

    threads = [threading.Thread(target=ask, args=(value,)) for value in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [(value, 2.0 * value) for value in range(20)]
