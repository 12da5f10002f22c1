import os
import signal
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tfx.components.schema_gen.import_schema_gen.component import ImportSchemaGen
from tfx.orchestration import metadata
from tfx.orchestration.pipeline import Pipeline

from pipeline.node_launch import CompiledRun, compile_graph

NODE = "ImportSchemaGen"
SCHEMA = 'feature { name: "label" type: BYTES }'
Make = Callable[..., CompiledRun]


def compiled_run(folder: Path, run_id: str, **parameters: str) -> CompiledRun:
    """Compile a pipeline of one real node in a folder, bound to a run id."""
    pipeline = Pipeline(
        pipeline_name="small",
        pipeline_root=str(folder / "artifacts"),
        components=[ImportSchemaGen(schema_file=str(folder / "schema.pbtxt"))],
        enable_cache=True,
    )
    connection = metadata.sqlite_metadata_connection_config(str(folder / "metadata.sqlite"))
    run = CompiledRun(compile_graph(pipeline, {NODE: parameters}), connection)
    run.bind(run_id)
    return run


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """Compile runs in this test's folder, with the file that the node reads."""
    (tmp_path / "schema.pbtxt").write_text(SCHEMA)
    return partial(compiled_run, tmp_path)


def test_first_launch_runs_and_a_second_run_takes_its_outputs(make: Make, tmp_path: Path) -> None:
    first = make("one").launch(NODE, tmp_path / "artifacts")
    second = make("two").launch(NODE, tmp_path / "artifacts")
    assert (first.done, first.cached) == (True, False)
    assert (second.done, second.cached) == (True, True)
    assert second.outputs["schema"][0].uri == first.outputs["schema"][0].uri


def test_parameter_is_part_of_the_cache_key_and_of_the_digest(make: Make, tmp_path: Path) -> None:
    make("one", code_digest="a").launch(NODE, tmp_path / "artifacts")
    assert not make("two", code_digest="b").launch(NODE, tmp_path / "artifacts").cached
    assert make("three", code_digest="a").launch(NODE, tmp_path / "artifacts").cached


def test_digest_follows_parameters(make: Make) -> None:
    assert make("one", code_digest="a").digest != make("one", code_digest="b").digest
    assert make("one", code_digest="a").digest == make("one", code_digest="a").digest


def test_node_without_cache_runs_again(make: Make, tmp_path: Path) -> None:
    make("one").launch(NODE, tmp_path / "artifacts")
    again = make("two")
    again.disable_cache(NODE)
    assert not again.launch(NODE, tmp_path / "artifacts").cached


def test_finished_node_of_the_same_run_is_not_done_again(make: Make, tmp_path: Path) -> None:
    first = make("one").launch(NODE, tmp_path / "artifacts")
    written = Path(first.outputs["schema"][0].uri) / "schema.pbtxt"
    before = written.stat().st_mtime_ns
    again = make("one").launch(NODE, tmp_path / "artifacts")
    assert again.done
    assert written.stat().st_mtime_ns == before


def test_finished_node_is_done_again_in_a_context_of_its_own(make: Make, tmp_path: Path) -> None:
    def launched(facts: str) -> str:
        run = make("one")
        run.disable_cache(NODE)
        run.add_context(NODE, "facts", facts)
        return str(run.launch(NODE, tmp_path / "artifacts").outputs["schema"][0].uri)

    first, second = launched("a"), launched("b")
    assert first != second
    assert launched("b") == second
    assert make("one").outcome(NODE).outputs["schema"][0].uri == second


# Launches the node of the pipeline of this file (argv) in a folder, as the first run. A fork of the test's process would stop
# short where gRPC had been used in that.
LAUNCH = f"""
import runpy, sys
from pathlib import Path
folder = Path(sys.argv[2])
run = runpy.run_path(sys.argv[1])["compiled_run"](folder, "one")
run.add_context({NODE!r}, "facts", "of the killed try")
run.launch({NODE!r}, folder / "artifacts")
"""


@pytest.mark.parametrize("facts", ["of the killed try", "of now"])
def test_killed_try_leaves_nothing_beside_what_the_next_one_makes(
    make: Make, tmp_path: Path, facts: str, start_program: Callable[..., Any]
) -> None:
    artifacts, schema = tmp_path / "artifacts", tmp_path / "schema.pbtxt"
    schema.unlink()
    os.mkfifo(schema)  # the launch waits for its content
    process = start_program(LAUNCH, __file__, tmp_path)
    until = time.monotonic() + 60
    while not list(artifacts.glob(f"{NODE}/schema/*")):
        assert time.monotonic() < until
        assert not process.ended()
        time.sleep(0.01)
    process.end(signal.SIGKILL)
    schema.unlink()
    schema.write_text(SCHEMA)
    assert len(list(artifacts.glob(f"{NODE}/schema/*"))) == 1
    second = make("one")
    second.clear_half_done(NODE, artifacts)
    second.add_context(NODE, "facts", facts)
    made = second.launch(NODE, artifacts)
    assert [str(path) for path in artifacts.glob(f"{NODE}/schema/*")] == [made.outputs["schema"][0].uri]


def test_outcomes_of_a_run_are_read_by_another_process(make: Make, tmp_path: Path) -> None:
    assert make("one").outcomes() == {}
    launched = make("one").launch(NODE, tmp_path / "artifacts")
    (read,) = make("one").outcomes().values()
    assert (read.node, read.state) == (NODE, launched.state)
    assert read.outputs["schema"][0].uri == launched.outputs["schema"][0].uri
    assert 0 <= read.seconds <= launched.seconds
    assert make("two").outcomes() == {}


def test_failure_leaves_a_state_that_is_not_done(make: Make, tmp_path: Path) -> None:
    (tmp_path / "schema.pbtxt").unlink()
    with pytest.raises(Exception, match=r"schema\.pbtxt"):
        make("one").launch(NODE, tmp_path / "artifacts")


def test_artifacts_are_found_by_type(make: Make, tmp_path: Path) -> None:
    compiled = make("one")
    launched = compiled.launch(NODE, tmp_path / "artifacts")
    assert [artifact.uri for artifact in compiled.artifacts_of_type("Schema")] == [launched.outputs["schema"][0].uri]
