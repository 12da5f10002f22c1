"""Real TFX nodes, small ones that bear the names of the graph's, launched below a root."""

import io
import os
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from tfx.dsl.component.experimental.annotations import OutputArtifact, Parameter
from tfx.dsl.component.experimental.decorators import component
from tfx.dsl.components.base.base_node import BaseNode
from tfx.orchestration import metadata
from tfx.orchestration.pipeline import Pipeline
from tfx.types.standard_artifacts import InfraBlessing, Model

from components.artifacts import DataBlessing
from components.blessing import Finding, publish
from components.pusher.executor import MODEL_ID
from pipeline import interruption, root
from pipeline.display import PlainDisplay
from pipeline.node_launch import FAILED, CompiledRun, compile_graph
from pipeline.node_runner import NodeRunner
from pipeline.root import Root
from pipeline.run_result import RunResult
from pipeline.verdict import Verdict


@component
def train(model: OutputArtifact[Model]) -> None:
    (Path(model.uri) / "weights").write_text("weights")


@component
def fail() -> None:
    raise OSError(28, "No space left on device")


@component
def judge(word: Parameter[str], blessing: OutputArtifact[DataBlessing]) -> None:
    publish(blessing, word, [Finding("data.classes", "class ill", "one image", "none")])


@component
def validate(word: Parameter[str], model_id: Parameter[int], blessing: OutputArtifact[InfraBlessing]) -> None:
    publish(blessing, word, [])
    blessing.set_int_custom_property(MODEL_ID, model_id)


@component
def swallow_interrupt() -> None:
    with suppress(KeyboardInterrupt):  # as C++ code drops it
        os.kill(os.getpid(), signal.SIGTERM)


@pytest.fixture
def state(tmp_path: Path) -> Root:
    return root.prepare(tmp_path / "root")


@pytest.fixture
def said() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def runner(state: Root, said: io.StringIO) -> Callable[..., NodeRunner]:
    """Return the runner of a run of some nodes."""

    def make(run_id: str, nodes: Sequence[BaseNode]) -> NodeRunner:
        dag = Pipeline(pipeline_name="small", pipeline_root=str(state.artifacts), components=list(nodes), enable_cache=True)
        connection = metadata.sqlite_metadata_connection_config(str(state.metadata))
        compiled = CompiledRun(compile_graph(dag, {}), connection)
        compiled.bind(run_id)
        display = PlainDisplay(said)
        return NodeRunner(compiled, state, serving_dir=state.serving("small"), display=display, result=RunResult(run_id))

    return make


def test_done_and_cached_are_told_apart(runner: Callable[..., NodeRunner], said: io.StringIO) -> None:
    for run_id in ("one", "two"):
        assert runner(run_id, [train().with_id("Trainer")]).run("Trainer")
    assert [line.split()[:2] for line in said.getvalue().splitlines()] == [["Trainer", "done"], ["Trainer", "cached"]]


def test_what_an_executor_raises_is_kept_as_a_failure_and_passed_on(runner: Callable[..., NodeRunner], said: io.StringIO) -> None:
    run = runner("one", [fail().with_id("Transform")])
    with pytest.raises(OSError, match="No space left on device"):
        run.run("Transform")
    assert run.result.outcomes["Transform"].state == FAILED
    assert said.getvalue().split()[:2] == ["Transform", "failed"]


def test_refusing_gate_ends_the_run_also_from_the_cache(runner: Callable[..., NodeRunner], said: io.StringIO) -> None:
    for run_id in ("one", "two"):
        run = runner(run_id, [judge(word="data_refused").with_id("DataGate")])
        assert not run.run("DataGate")
        assert run.result.verdict is Verdict.DATA_REFUSED
        assert run.result.reasons == ["data.classes: class ill: none; expected one image"]
    assert run.result.cached == ["DataGate"]
    assert [line.split()[1] for line in said.getvalue().splitlines()] == ["refused", "refused"]


def test_accepting_gate_lets_the_run_go_on(runner: Callable[..., NodeRunner]) -> None:
    run = runner("one", [judge(word="accepted").with_id("DataGate")])
    assert run.run("DataGate")
    assert (run.result.verdict, run.result.findings) == (Verdict.FAILED, ())  # still open


@pytest.mark.parametrize(("word", "cached"), [("infra_refused", False), ("accepted", True)])
def test_model_that_a_busy_machine_refused_is_asked_again(runner: Callable[..., NodeRunner], word: str, cached: bool) -> None:
    for run_id in ("one", "two"):
        trained = runner(run_id, [train().with_id("Trainer")])
        trained.run("Trainer")
        model_id = trained.result.outcomes["Trainer"].outputs["model"][0].id
        run = runner(run_id, [validate(word=word, model_id=model_id).with_id("InfraValidator")])
        run.result.outcomes |= trained.result.outcomes
        run.run("InfraValidator")
    assert run.result.outcomes["InfraValidator"].cached is cached


def test_interrupt_that_a_node_dropped_ends_the_run_all_the_same(runner: Callable[..., NodeRunner]) -> None:
    interruption.listen()
    run = runner("one", [swallow_interrupt().with_id("Transform")])
    with pytest.raises(KeyboardInterrupt):
        run.run("Transform")
    assert run.result.outcomes["Transform"].done  # the next run need not do it again
