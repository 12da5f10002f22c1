"""Requests that nobody should send: spoiled messages, tensors, images, bodies and bytes, and what the server answers to each.

A request follows from its kind and number, so that one that did harm can be sent again.
"""

import base64
import io
import json
import random
import socket
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import grpc
import numpy as np
import tensorflow as tf
from PIL import Image
from tensorflow.core.framework import tensor_pb2
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

HOST = "127.0.0.1"
SECONDS = 60  # for an answer
SECRET = "Doe^Jane-19400203"
SERVICES = {"Predict": "Prediction", "Classify": "Prediction", "GetModelMetadata": "Prediction", "GetModelStatus": "Model"}
INPUTS = (("x", ""), ("image", "measure"), ("image", "decode"), ("x", "summed"), ("a", "two"), ("inputs", "classify"))
FILES = (b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff\xc0", SECRET.encode())
BODIES: tuple[Mapping[str, Any], ...] = (
    {"instances": [[1, 2], [3, 4]]},
    {"signature_name": "measure", "inputs": {"image": [{"b64": "AP8="}, SECRET]}},
    {"signature_name": "classify", "examples": [{"x": [0.25], "name": SECRET}]},
)
LIKELY = (tf.float32.as_datatype_enum, tf.string.as_datatype_enum)  # types that some signature takes
PATHS = ("/v1/models/demo:predict", "/v1/models/demo:classify")
HTTP2 = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"  # RFC 9113: preface, empty SETTINGS
CLOSED, SILENT, NO_JSON, INTERNAL = "closed", "silent", "no JSON", "internal error"
OK_OR_INVALID = frozenset({"OK", "INVALID_ARGUMENT"})


@dataclass(frozen=True)
class Target:
    """A server of the tiny model: a channel to it, and its ports of gRPC and REST."""

    channel: grpc.Channel
    ports: tuple[int, int]


Send = Callable[[Target, random.Random], str]


@dataclass(frozen=True)
class Kind:
    """One kind of requests.

    Args:
        send: makes a request by chance, sends it and returns the code of the answer.
        proper: the codes that are an answer to it.
    """

    send: Send
    proper: frozenset[str]


def predict_request(value: float = 1.0) -> predict_pb2.PredictRequest:
    """Return a request with nothing wrong."""
    request = predict_pb2.PredictRequest()
    request.model_spec.name = "demo"
    request.inputs["x"].CopyFrom(tf.make_tensor_proto([[value, 2]], tf.float32))
    return request


def is_alive(target: Target) -> bool:
    """Tell whether the server still answers rightly."""
    answer = prediction_service_pb2_grpc.PredictionServiceStub(target.channel).Predict(predict_request(), timeout=SECONDS)
    return list(answer.outputs["total"].float_val) == [6.0]


def spoiled(content: bytes, chance: random.Random) -> bytes:
    """Change, cut or repeat some bytes."""
    changed = bytearray(content)
    for _ in range(chance.choice([1, 1, 2, 4])):
        at = chance.randrange(len(changed) + 1)
        kind = chance.choice(["put", "cut", "add"])
        if kind == "put" and at < len(changed):
            changed[at] = chance.randrange(256)
        elif kind == "cut":
            del changed[at : at + chance.randint(1, 8)]
        else:
            changed[at:at] = chance.randbytes(chance.randint(1, 8))
    return bytes(changed)


def code_of(call: Callable[..., object], request: object) -> str:
    """Make a call and return the name of its code; a failure that the server did not foresee is none."""
    try:
        call(request, timeout=SECONDS)
    except grpc.RpcError as error:
        return INTERNAL if INTERNAL in (error.details() or "") else str(error.code().name)
    return "OK"


def send_message(target: Target, chance: random.Random) -> str:
    """Send the bytes of a message, spoiled, to any method."""
    method = chance.choice(list(SERVICES))
    call = target.channel.unary_unary(f"/tensorflow.serving.{SERVICES[method]}Service/{method}")
    return code_of(call, spoiled(predict_request().SerializeToString(), chance))


def random_tensor(chance: random.Random) -> tensor_pb2.TensorProto:
    """Return a tensor of any type and shape, with any number of values."""
    tensor = tensor_pb2.TensorProto(
        dtype=chance.choice([*LIKELY, chance.randrange(24)]), tensor_content=chance.randbytes(chance.choice([0, 0, 4, 8, 24]))
    )
    tensor.tensor_shape.SetInParent()
    for _ in range(chance.randrange(4)):
        tensor.tensor_shape.dim.add().size = chance.choice([0, 1, 2, 3, -1, 2**40])
    tensor.float_val.extend([1.0] * chance.randrange(5))
    tensor.string_val.extend([chance.choice(FILES)] * chance.randrange(4))
    return tensor


def nearly_fitting(chance: random.Random) -> tensor_pb2.TensorProto:
    """Return a tensor that fits some signature but for its type, its rank, a dimension, its values, or nothing."""
    values, dtype = chance.choice([([[1.0, 2.0]], tf.float32), ([1.0, 2.0], tf.float32), ([b"a"], tf.string), (1.0, tf.float32)])
    tensor = tf.make_tensor_proto(values, dtype)
    changed = chance.choice(["dtype", "rank", "dimension", "values", "nothing"])
    if changed == "dtype":
        tensor.dtype = chance.randrange(24)
    elif changed == "rank":
        tensor.tensor_shape.dim.add().size = 1
    elif changed == "dimension" and tensor.tensor_shape.dim:
        chance.choice(tensor.tensor_shape.dim).size = chance.choice([-1, 0, 1, 3, 10_000, 2**62])
    elif changed == "values":
        tensor.tensor_content = tensor.tensor_content[: chance.randrange(8)]
    return tensor


def send_tensors(target: Target, chance: random.Random) -> str:
    """Ask any signature about tensors, random ones and such that nearly fit."""
    tensor = chance.choice([random_tensor, nearly_fitting])
    request = predict_pb2.PredictRequest()
    request.model_spec.name = "demo"
    name, request.model_spec.signature_name = chance.choice(INPUTS)
    request.inputs[name].CopyFrom(tensor(chance))
    if name == "a":
        request.inputs["b"].CopyFrom(tensor(chance))
    return code_of(prediction_service_pb2_grpc.PredictionServiceStub(target.channel).Predict, request)


def image_file(chance: random.Random) -> bytes:
    """Return a whole PNG or JPEG file of noise."""
    shape = (chance.randint(1, 20), chance.randint(1, 20), 3)
    pixels = np.frombuffer(chance.randbytes(shape[0] * shape[1] * 3), np.uint8).reshape(shape)
    file = io.BytesIO()
    Image.fromarray(pixels).convert(chance.choice(["L", "RGB"])).save(file, chance.choice(["PNG", "JPEG"]))
    return file.getvalue()


def send_images(target: Target, chance: random.Random) -> str:
    """Ask about images of which some are cut or spoiled."""
    images = [image_file(chance) for _ in range(chance.randint(1, 3))]
    changed = chance.choice([lambda one: one[: chance.randrange(len(one) + 1)], lambda one: spoiled(one, chance)])
    request = predict_pb2.PredictRequest()
    request.model_spec.name, request.model_spec.signature_name = "demo", "decode"
    request.inputs["image"].CopyFrom(tf.make_tensor_proto([changed(images[0]), *images[1:]], tf.string))
    return code_of(prediction_service_pb2_grpc.PredictionServiceStub(target.channel).Predict, request)


def send_body(target: Target, chance: random.Random) -> str:
    """Post a spoiled body of JSON, an image in it now and then."""
    image = {"signature_name": "decode", "instances": [{"b64": base64.b64encode(spoiled(image_file(chance), chance)).decode()}]}
    body = json.dumps(chance.choice([*BODIES, image])).encode()
    return rest_status(target, chance.choice(PATHS), body if chance.random() < 0.1 else spoiled(body, chance))


def rest_status(target: Target, path: str, body: bytes) -> str:
    """Post a body and return the status; an answer that is not the API's JSON has none."""
    try:
        with urllib.request.urlopen(f"http://{HOST}:{target.ports[1]}{path}", body, timeout=SECONDS) as response:
            json.load(response)
            return str(response.status)
    except urllib.error.HTTPError as error:
        return str(error.code) if set(json.load(error)) == {"error"} else NO_JSON
    except OSError:  # the server is gone, or hung up without a word
        return CLOSED
    except ValueError:
        return NO_JSON


def send_bytes(target: Target, chance: random.Random) -> str:
    """Send a port something other than whole requests, and end there."""
    body = json.dumps(BODIES[0]).encode()
    request = b"POST %s HTTP/1.1\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (PATHS[0].encode(), len(body), body)
    is_rest = chance.random() < 0.5
    sent = chance.choice([chance.randbytes(chance.randrange(200)), spoiled(request if is_rest else HTTP2, chance)])
    try:
        with socket.create_connection((HOST, target.ports[is_rest]), timeout=SECONDS) as connection:
            connection.sendall(sent)
            connection.shutdown(socket.SHUT_WR)
            return answer_code(b"".join(iter(lambda: connection.recv(65536), b"")), is_rest=is_rest)
    except TimeoutError:
        return SILENT
    except OSError:
        return CLOSED


def answer_code(received: bytes, *, is_rest: bool, has_body: bool = True) -> str:
    """Return the status of what a connection brought; gRPC's port answers nothing that is one.

    Args:
        received: all that came back.
        is_rest: the connection was to the port of REST.
        has_body: the answer has one, as all but those to HEAD and OPTIONS have.
    """
    if not (is_rest and received):
        return CLOSED
    head, _, body = received.rpartition(b"\r\n\r\n")  # HTTP 0.9, which a line without version is, has no head
    try:
        json.loads(body if body or has_body else "{}")
    except ValueError:
        return NO_JSON
    return head.split(maxsplit=2)[1].decode() if head.startswith(b"HTTP/1.1 ") else "HTTP 0.9"


KINDS: Mapping[str, Kind] = {
    "messages": Kind(send_message, OK_OR_INVALID | {"NOT_FOUND", "FAILED_PRECONDITION", "INTERNAL"}),
    "tensors": Kind(send_tensors, OK_OR_INVALID),
    "images": Kind(send_images, OK_OR_INVALID),
    "bodies": Kind(send_body, frozenset({"200", "400", "404"})),
    "bytes": Kind(send_bytes, frozenset({CLOSED, "200", "400", "404", "411", "413", "414", "431", "501", "505"})),
}
