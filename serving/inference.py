"""Predict and Classify: from a request message and a loaded version to a response message.

Order of the checks and texts of the errors: tensorflow/serving, servables/tensorflow/predict_util.cc and classifier.cc.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import grpc
import numpy as np
from tensorflow_serving.apis import classification_pb2, input_pb2, model_pb2, predict_pb2

from serving.metrics import Histogram
from serving.model_versions import Lease
from serving.saved_model import Array, SavedModel
from serving.serving_error import ServingError, invalid
from serving.tensors import RequestLimits, checked_arrays, to_proto

DEFAULT_SIGNATURE = "serving_default"
CLASSIFY_INPUT, CLASSES, SCORES = "inputs", "classes", "scores"
Run = Callable[[SavedModel, "Call"], list[Array]]


@dataclass(frozen=True)
class Call:
    """One run of a signature.

    Args:
        signature: its name.
        inputs: an array for every input.
        outputs: names of the outputs wanted, in that order.
        seconds: what is left of the client's time; None: no limit.
    """

    signature: str
    inputs: Mapping[str, Array]
    outputs: Sequence[str]
    seconds: float | None = None


def run_directly(model: SavedModel, call: Call) -> list[Array]:
    """Run a call by itself."""
    return model.run(call.signature, call.inputs, call.outputs, seconds=call.seconds)


@dataclass(frozen=True)
class Inference:
    """How requests are answered.

    Args:
        run: runs a call, by itself or in a batch with others.
        limits: what one request may ask for.
        runtime_latency: told how long the model took.
        as_content: outputs as raw bytes instead of typed fields.
    """

    run: Run
    limits: RequestLimits
    runtime_latency: Histogram
    as_content: bool = False

    def predict(
        self, lease: Lease, request: predict_pb2.PredictRequest, seconds: float | None = None
    ) -> predict_pb2.PredictResponse:
        """Answer a Predict request.

        Raises:
            ServingError: for a request that does not fit the signature, or what the model raised.
        """
        name = request.model_spec.signature_name or DEFAULT_SIGNATURE
        if name not in lease.model.signatures:
            raise ServingError(grpc.StatusCode.FAILED_PRECONDITION, f'Serving signature key "{name}" not found.')
        signature = lease.model.signatures[name]
        inputs = checked_arrays(signature, request.inputs, self.limits)
        outputs = wanted_outputs(signature, request.output_filter)
        values = self._timed(lease, Call(name, inputs, outputs, seconds), "Predict")
        response = predict_pb2.PredictResponse(model_spec=_spec(lease, name))
        for output, value in zip(outputs, values, strict=True):
            response.outputs[output].CopyFrom(to_proto(value, as_content=self.as_content))
        return response

    def classify(
        self, lease: Lease, request: classification_pb2.ClassificationRequest, seconds: float | None = None
    ) -> classification_pb2.ClassificationResponse:
        """Answer a Classify request.

        Raises:
            ServingError: for a signature that does not classify, an empty input, or what the model raised.
        """
        name = request.model_spec.signature_name or DEFAULT_SIGNATURE
        outputs = classify_outputs(lease.model.signatures, name)
        examples = serialized_examples(request.input)
        if len(examples) > self.limits.batch:
            raise invalid(f"the request has {len(examples)} examples; expected at most {self.limits.batch}")
        call = Call(name, {CLASSIFY_INPUT: np.array(examples, object)}, outputs, seconds)
        values = dict(zip(outputs, self._timed(lease, call, "Classify"), strict=True))
        response = classification_pb2.ClassificationResponse(model_spec=_spec(lease, name))
        response.result.CopyFrom(classifications(values, len(examples)))
        return response

    def _timed(self, lease: Lease, call: Call, api: str) -> list[Array]:
        if call.seconds is not None and call.seconds <= 0:
            raise ServingError(grpc.StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded")
        start = time.perf_counter()
        values = self.run(lease.model, call)
        self.runtime_latency.observe(time.perf_counter() - start, lease.name, api, "TF1")
        return values


def _spec(lease: Lease, signature: str) -> model_pb2.ModelSpec:
    spec = model_pb2.ModelSpec(name=lease.name, signature_name=signature)
    spec.version.value = lease.version
    return spec


def wanted_outputs(signature: Any, output_filter: Sequence[str]) -> list[str]:
    """Return the outputs that a filter names, all of the signature for an empty one.

    Raises:
        ServingError: INVALID_ARGUMENT for an unknown or repeated name.
    """
    known = sorted(signature.outputs)
    for position, name in enumerate(output_filter):
        if name not in signature.outputs:
            raise invalid(
                f"output tensor alias not found in signature: {name} Outputs expected to be in the set {{{','.join(known)}}}."
            )
        if name in output_filter[:position]:
            raise invalid(f"duplicate output tensor alias: {name}")
    return list(output_filter) or known


def classify_outputs(signatures: Mapping[str, Any], name: str) -> list[str]:
    """Return which of `classes` and `scores` a signature has.

    Raises:
        ServingError: INVALID_ARGUMENT when the signature is missing or not one that classifies.
    """
    if name not in signatures:
        raise invalid(f"No signature was found with the name: {name}")
    signature = signatures[name]
    if len(signature.inputs) != 1:
        raise invalid("Expected one input Tensor.")
    if len(signature.outputs) not in (1, 2):
        raise invalid(f"Expected one or two output Tensors, found {len(signature.outputs)}")
    if CLASSIFY_INPUT not in signature.inputs:
        raise invalid(f"No classification inputs found in SignatureDef: {signature}")
    found = [output for output in (CLASSES, SCORES) if output in signature.outputs]
    if not found:
        raise invalid(
            f'Expected classification signature outputs to contain at least one of "{CLASSES}" or "{SCORES}". '
            f"Signature was: {signature}"
        )
    return found


def serialized_examples(given: input_pb2.Input) -> list[bytes]:
    """Return the examples of a request as bytes; a context is put before each of them.

    Raises:
        ServingError: INVALID_ARGUMENT when there is none.
    """
    kind = given.WhichOneof("kind")
    listed = getattr(given, kind).examples if kind else ()
    if not listed:
        raise invalid("Input is empty.")
    # Serialised messages of one type, one after the other, are the merged message.
    context = given.example_list_with_context.context.SerializeToString() if kind == "example_list_with_context" else b""
    return [context + example.SerializeToString() for example in listed]


def classifications(values: Mapping[str, Array], examples: int) -> classification_pb2.ClassificationResult:
    """Return classes and scores, each [examples, classes], as a result message.

    Raises:
        ServingError: INVALID_ARGUMENT for another shape or type.
    """
    for name, kind, text in ((CLASSES, object, "DT_STRING"), (SCORES, np.float32, "DT_FLOAT")):
        if name in values:
            _check_output(name, values[name], examples, wanted=(np.dtype(kind), text))
    counts = [value.shape[1] for value in values.values()]
    if len(set(counts)) > 1:
        raise invalid(f"Tensors class and score should match in dim_size(1). Got {counts[0]} vs. {counts[1]}")
    result = classification_pb2.ClassificationResult()
    for row in range(examples):
        classes = result.classifications.add().classes
        for column in range(counts[0]):
            one = classes.add()
            if CLASSES in values:
                one.label = values[CLASSES][row, column].decode(errors="replace")
            if SCORES in values:
                one.score = values[SCORES][row, column]
    return result


def _check_output(name: str, value: Array, examples: int, *, wanted: tuple[np.dtype[Any], str]) -> None:
    if value.ndim != 2:
        raise invalid(f"Expected Tensor shape: [batch_size num_classes] but got [{','.join(map(str, value.shape))}]")
    if value.dtype != wanted[0]:
        raise invalid(f"Expected {name} Tensor of {wanted[1]}. Got: {value.dtype}")
    if value.shape[0] != examples:
        raise invalid(f"Expected {name} output batch size of {examples}. Got: {value.shape[0]}")
