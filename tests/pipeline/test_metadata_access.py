import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from ml_metadata import errors
from ml_metadata.proto import metadata_store_pb2
from tfx.components.schema_gen.import_schema_gen.component import ImportSchemaGen
from tfx.orchestration.pipeline import Pipeline

from pipeline import metadata_access
from pipeline.config import MysqlMetadata
from pipeline.metadata_access import MetadataError, PatientMetadata, is_passing, patiently
from pipeline.metadata_store import mysql_connection
from pipeline.node_launch import CompiledRun, compile_graph

USER, PASSWORD = "nodes", "swordfish-in-no-log"
NODE = "ImportSchemaGen"
Connect = Callable[..., metadata_store_pb2.ConnectionConfig]


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for tenths of seconds, and connect once where TFX would ten times in five seconds."""
    monkeypatch.setattr(metadata_access, "WAITS", (0.1, 0.3, 0.6, 2.0))
    monkeypatch.setattr("tfx.orchestration.metadata._MAX_INIT_RETRY", 1)


@pytest.fixture
def connect(mariadb: Any, monkeypatch: pytest.MonkeyPatch) -> Connect:
    """Return how the server is reached, with changes to the configuration."""
    if "metadata_access" not in mariadb.sql("show databases"):
        mariadb.database("metadata_access")
    monkeypatch.setenv("MEDTFX_METADATA_PASSWORD", PASSWORD)

    def connection(**changes: Any) -> metadata_store_pb2.ConnectionConfig:
        usual = {"host": "127.0.0.1", "port": mariadb.port, "database": "metadata_access", "user": USER}
        return mysql_connection(MysqlMetadata(kind="mysql", **(usual | changes)))

    return connection


def used(connection: metadata_store_pb2.ConnectionConfig) -> None:
    with PatientMetadata(connection) as handle:
        handle.store.get_artifact_types()


def test_wrong_password_is_told_without_it(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEDTFX_METADATA_PASSWORD", "another-secret")
    with pytest.raises(MetadataError, match=r"127\.0\.0\.1:\d+/metadata_access: the server refuses user nodes") as caught:
        used(connect())
    assert "another-secret" not in f"{caught.value!r}{caught.value.__cause__!r}"


def test_database_that_does_not_exist_is_told_and_not_made(connect: Connect, mariadb: Any) -> None:
    with pytest.raises(MetadataError, match="/mistyped: user nodes may not use the database, or it does not exist"):
        used(connect(database="mistyped"))
    assert "mistyped" not in mariadb.sql("show databases")


def test_absent_server_is_told(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata_access, "WAITS", (0.01,))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        with pytest.raises(MetadataError, match=r"no server answers\. Check metadata\.host"):
            used(connect(port=free.getsockname()[1]))


def test_server_that_comes_back_is_waited_for(connect: Connect, mariadb: Any) -> None:
    used(connect())
    mariadb.kill()
    back = threading.Timer(0.3, mariadb.start)
    back.start()
    try:
        used(connect())
    finally:
        back.join()


class CutOnce:
    """A way to the server that is cut, once, behind so many messages of the client."""

    def __init__(self, server_port: int, after: int) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self.messages, self._after, self._server_port = 0, after, server_port
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._server_port))
            threading.Thread(target=self._pass_on, args=(client, server, True), daemon=True).start()
            threading.Thread(target=self._pass_on, args=(server, client, False), daemon=True).start()

    def _pass_on(self, source: socket.socket, target: socket.socket, of_client: bool) -> None:
        with suppress(OSError):
            while content := source.recv(65536):
                self.messages += of_client
                if of_client and self.messages == self._after:
                    break
                target.sendall(content)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._listener.close()


@pytest.fixture
def launched(connect: Connect, mariadb: Any, tmp_path: Path) -> Iterator[Callable[[str, int], int]]:
    """Launch a real node through a way that is cut; return how many messages it took."""
    schema = tmp_path / "schema.pbtxt"
    schema.write_text('feature { name: "label" type: BYTES }')
    made: list[CutOnce] = []

    def launch(run_id: str, after: int) -> int:
        made.append(CutOnce(mariadb.port, after))
        root = str(tmp_path / "artifacts")
        pipeline = Pipeline("small", root, components=[ImportSchemaGen(schema_file=str(schema))], enable_cache=False)
        compiled = CompiledRun(compile_graph(pipeline, {}), connect(port=made[-1].port))
        compiled.bind(run_id)
        outcome = compiled.launch(NODE, tmp_path / "artifacts")
        assert outcome.done
        assert (Path(outcome.outputs["schema"][0].uri) / "schema.pbtxt").exists()
        return made[-1].messages

    yield launch
    for way in made:
        way.close()


def test_connection_that_is_cut_anywhere_in_a_launch_leaves_one_execution(
    launched: Callable[[str, int], int], connect: Connect
) -> None:
    launched("warm", 0)
    needed = launched("uncut", 0)
    points = list(range(1, needed, max(needed // 12, 1)))
    for point in points:
        launched(f"cut-{point}", point)
    with PatientMetadata(connect()) as handle:
        runs = [handle.store.get_context_by_type_and_name("pipeline_run", f"cut-{point}") for point in points]
        assert {len(handle.store.get_executions_by_context(run.id)) for run in runs} == {1}
        assert {len(handle.store.get_artifacts_by_context(run.id)) for run in runs} == {1}


def test_only_what_passes_by_itself_is_repeated(connect: Connect) -> None:
    tries: list[float] = []

    def deadlocked_once() -> str:
        tries.append(time.monotonic())
        if len(tries) == 1:
            raise errors.AbortedError("Deadlock found when trying to get lock")
        return "done"

    assert patiently(deadlocked_once, connect()) == "done"
    assert len(tries) == 2
    assert not is_passing(errors.InvalidArgumentError("no such type"))
    with pytest.raises(MetadataError, match="InvalidArgumentError: no such type"):
        patiently(lambda: (_ for _ in ()).throw(errors.InvalidArgumentError("no such type")), connect())
