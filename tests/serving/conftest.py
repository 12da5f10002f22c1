"""A tiny model in two versions, and real servers that serve it, in this process or as one of their own."""

import contextlib
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1.health_pb2 import HealthCheckRequest
from tensorflow_serving.apis import model_service_pb2_grpc, prediction_service_pb2_grpc

from bench.serving import tiny_model
from bench.serving.server_process import ServerProcess, free_port, served
from serving import model_server
from serving.flags import parse
from serving.message_first import MessageFirst
from serving.model_server import ModelServer
from serving.waiting_calls import WaitingCalls


@pytest.fixture(scope="session")
def versions(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """Two version folders: version n multiplies by n + 1."""
    folder = tmp_path_factory.mktemp("versions")
    return {number: tiny_model.save(folder / str(number), number + 1.0) for number in (1, 2)}


@pytest.fixture
def base_path(versions: dict[int, Path], tmp_path: Path) -> Path:
    """A model's folder with version 1."""
    shutil.copytree(versions[1], tmp_path / "models" / "demo" / "1")
    return tmp_path / "models" / "demo"


@pytest.fixture(scope="session")
def push(versions: dict[int, Path]) -> Callable[..., Path]:
    """Put a version into a base path in one step."""

    def put(base: Path, number: int, name: str | None = None) -> Path:
        hidden = base / f".{number}"
        shutil.copytree(versions[number], hidden)
        return hidden.rename(base / (name or str(number)))

    return put


@dataclass(frozen=True)
class Client:
    """Stubs of tensorflow-serving-api on a real channel, and where REST is."""

    channel: grpc.Channel
    host: str
    rest_port: int

    @property
    def prediction(self) -> Any:
        return prediction_service_pb2_grpc.PredictionServiceStub(self.channel)

    @property
    def model(self) -> Any:
        return model_service_pb2_grpc.ModelServiceStub(self.channel)


ErrorOf = Callable[..., tuple[grpc.StatusCode, str]]
Serve = Callable[..., tuple[ModelServer, Client]]


@contextlib.contextmanager
def serving(*words: str) -> Iterator[tuple[ModelServer, Client]]:
    """Run a server in this process."""
    ports = free_port(), free_port()
    flags = parse([f"--port={ports[0]}", f"--rest_api_port={ports[1]}", "--shutdown_grace_seconds=5", *words])
    server = model_server.start(flags)
    try:
        with grpc.insecure_channel(f"127.0.0.1:{ports[0]}") as channel:
            yield server, Client(channel, "127.0.0.1", ports[1])
    finally:
        server.stop(5)


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start servers in this process; they end with the test."""
    with contextlib.ExitStack() as stack:
        yield lambda *words: stack.enter_context(serving(*map(str, words)))


@pytest.fixture(scope="session")
def serving_here() -> Callable[..., contextlib.AbstractContextManager[tuple[ModelServer, Client]]]:
    """Run a server in this process for the length of a `with` block."""
    return serving


@pytest.fixture(scope="module")
def shared_base(versions: dict[int, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model's folder with version 1 that no test changes."""
    base = tmp_path_factory.mktemp("shared") / "demo"
    shutil.copytree(versions[1], base / "1")
    return base


@pytest.fixture(scope="module")
def running(shared_base: Path) -> Iterator[tuple[ModelServer, Client]]:
    """One server for the tests of a module that do not change it."""
    with serving("--model_name=demo", f"--model_base_path={shared_base}", "--max_batch_items=100") as started:
        yield started


@pytest.fixture(scope="module")
def client(running: tuple[ModelServer, Client]) -> Client:
    return running[1]


@pytest.fixture(scope="module")
def starting(warm_subprocess: Any) -> Any:
    """What starts `process`: a server whose imports are done; test_command.py starts the command as a user does."""
    return warm_subprocess


@pytest.fixture(scope="module")
def process(versions: dict[int, Path], tmp_path_factory: pytest.TempPathFactory, starting: Any) -> Iterator[ServerProcess]:
    """A server process for the tests of a module, and its model's folder with version 1."""
    folder = tmp_path_factory.mktemp("process")
    shutil.copytree(versions[1], folder / "demo" / "1")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("bench.serving.server_process.subprocess", starting)
        with served(folder, "--max_num_load_retries=1", "--load_retry_interval_micros=1000") as started:
            yield started


@pytest.fixture(scope="module")
def process_client(process: ServerProcess) -> Iterator[Client]:
    with grpc.insecure_channel(process.address) as channel:
        yield Client(channel, "127.0.0.1", process.ports[1])


@pytest.fixture(scope="session")
def error_of() -> ErrorOf:
    """Make a call that has to fail, and return its code and text."""

    def failed(call: Any, request: Any, **options: Any) -> tuple[grpc.StatusCode, str]:
        with pytest.raises(grpc.RpcError) as caught:
            call(request, **options)
        return caught.value.code(), caught.value.details()

    return failed


@pytest.fixture(scope="session")
def eventually() -> Callable[[Callable[[], bool]], None]:
    """Wait until something holds."""

    def wait(holds: Callable[[], bool]) -> None:
        end = time.monotonic() + 30
        while not holds():
            assert time.monotonic() < end
            time.sleep(0.1)  # for some of those who wait each look is a prediction, after which TensorFlow's threads spin

    return wait


def openssl(*words: str, cwd: Path) -> None:
    subprocess.run(["openssl", *words], check=True, capture_output=True, cwd=cwd)


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CA, a server's and a client's certificate of it."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is absent: it makes the certificates of this test")
    folder = tmp_path_factory.mktemp("certificates")
    new = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")
    openssl("req", "-x509", *new, "-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=test CA", cwd=folder)
    (folder / "names").write_text("subjectAltName=DNS:localhost")
    for name in ("server", "client"):
        openssl("req", *new, "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj", f"/CN={name}", cwd=folder)
        signed = ("-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "names")
        openssl("x509", "-req", "-in", f"{name}.csr", "-out", f"{name}.crt", *signed, cwd=folder)
    return folder


@pytest.fixture(scope="session")
def ssl_config() -> Callable[..., str]:
    """Make the text of an ssl config file."""

    def text(folder: Path, *, verify: bool) -> str:
        fields = {"server_key": "server.key", "server_cert": "server.crt", "custom_ca": "ca.crt"}
        quoted = {name: (folder / file).read_text().replace("\n", "\\n") for name, file in fields.items()}
        return "".join(f'{name}: "{text}"\n' for name, text in quoted.items()) + f"client_verify: {str(verify).lower()}\n"

    return text


@pytest.fixture
def calls() -> WaitingCalls:
    """Two places for calls that keep a server waiting."""
    return WaitingCalls(2)


@pytest.fixture
def echo_server(calls: WaitingCalls) -> Iterator[tuple[grpc.Server, int]]:
    """A gRPC server whose methods return the message that they got, and its port."""

    def slow(content: bytes, _context: grpc.ServicerContext) -> bytes:
        time.sleep(0.5)
        return content

    methods = {
        "Slow": grpc.unary_unary_rpc_method_handler(slow, bytes),
        "Say": grpc.unary_unary_rpc_method_handler(lambda content, _context: content, bytes),
        "Misread": grpc.unary_unary_rpc_method_handler(lambda content, _context: content, HealthCheckRequest.FromString),
    }
    handlers = (grpc.method_handlers_generic_handler("test.Echo", methods),)
    server = grpc.server(ThreadPoolExecutor(8), handlers, [MessageFirst(calls)], [("grpc.max_send_message_length", -1)])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield server, port
    server.stop(0).wait()


@pytest.fixture
def echo_channel(echo_server: tuple[grpc.Server, int]) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(f"127.0.0.1:{echo_server[1]}") as opened:
        yield opened
