"""Tasks that KFP compiled, run as real processes."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kfp import compiler, dsl
from kfp.pipeline_spec import pipeline_spec_pb2 as pb

from pipeline.kubeflow.compiled_package import Package, read_package
from pipeline.kubeflow.engine import LocalEngine
from pipeline.kubeflow.processes import Processes
from pipeline.kubeflow.task_run import LONGEST_BACKOFF, TaskOutcome, TaskRunner, backoff

COUNTED = 'echo try >> "$0"; test $(wc -l < "$0") -gt "$1" || exit "$2"'
Runs = Callable[..., TaskOutcome]


def package_of(path: Path, script: str, words: Sequence[str], retries: int) -> Package:
    """Return a package of one task `work` that takes `word` and gives `verdict` and `page`."""

    @dsl.container_component
    def work(word: str, verdict: dsl.OutputPath(str), page: dsl.Output[dsl.HTML]) -> dsl.ContainerSpec:
        return dsl.ContainerSpec(
            image="busybox:1.36", command=["sh", "-c", script], args=[*words, word, verdict, page.path, f"--key={word}"]
        )

    @dsl.pipeline(name="single")
    def single(word: str) -> None:
        work(word=word).set_retry(retries, backoff_duration="0s")

    compiler.Compiler().compile(single, str(path))
    return read_package(path)


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    """Run such a task and return how it ended."""

    def run(script: str, *words: object, retries: int = 0, word: str = "go_on") -> TaskOutcome:
        package = package_of(tmp_path / "package.yaml", script, list(map(str, words)), retries)
        (tmp_path / "logs").mkdir()
        runner = TaskRunner(package, LocalEngine(os.environ), Processes(1), folder=tmp_path, run_id="7f3a")
        return runner.run("work", package.spec.root.dag.tasks["work"], {"word": word})

    return run


@pytest.mark.parametrize("word", ["go_on", "with space", "{{a}} 'quoted' \"so\" $HOME", "ä\nline", "--option"])
def test_value_reaches_the_command_and_the_output_unchanged(runs: Runs, tmp_path: Path, word: str) -> None:
    outcome = runs('printf %s "$0" > "$1"; echo "$3" > "$2"', word=word)
    assert outcome.ended.well, outcome.ended
    assert outcome.outputs["verdict"] == word
    assert (tmp_path / "outputs" / "work" / "page").read_text() == f"--key={word}\n"


@pytest.mark.parametrize("code", [1, 2, 3])
def test_task_is_tried_again_whatever_its_exit_code(runs: Runs, tmp_path: Path, code: int) -> None:
    """KFP gives Argo a number of tries and no condition: it repeats a command whose words are wrong (2) as well."""
    outcome = runs(COUNTED, tmp_path / "tries", 9, code, retries=2)
    assert (outcome.ended.code, outcome.tries) == (code, 3)


def test_each_try_begins_without_what_the_one_before_put_out(runs: Runs, tmp_path: Path) -> None:
    script = 'test -e "$2" && exit 5; echo x >> "$0"; wc -l < "$0" > "$2"; test $(wc -l < "$0") -gt 1'
    outcome = runs(script, tmp_path / "tries", retries=1)
    assert (outcome.ended.code, outcome.tries, outcome.outputs["verdict"]) == (0, 2, "2\n")


def test_output_that_was_not_written_is_a_failure_that_is_tried_again(runs: Runs, tmp_path: Path) -> None:
    outcome = runs('echo x >> "$0"', tmp_path / "tries", retries=1)
    assert outcome.ended.reason == "it wrote no output parameter verdict"
    assert (outcome.tries, dict(outcome.outputs)) == (2, {})
    assert (tmp_path / "tries").read_text() == "x\nx\n"


@given(
    seconds=st.integers(0, 7200),
    factor=st.floats(0, 5, allow_nan=False),
    longest=st.integers(0, 7200),
    number=st.integers(1, 8),
)
def test_dry_run_waits_as_told_but_never_long(seconds: int, factor: float, longest: int, number: int) -> None:
    policy: Any = pb.PipelineTaskSpec.RetryPolicy(backoff_factor=factor)
    policy.backoff_duration.seconds, policy.backoff_max_duration.seconds = seconds, longest
    waited = backoff(policy, number)
    assert 0 <= waited <= min(LONGEST_BACKOFF, longest or LONGEST_BACKOFF)
    if seconds >= LONGEST_BACKOFF and (longest or 3600) >= LONGEST_BACKOFF and number == 1:
        assert waited == LONGEST_BACKOFF
    assert backoff(policy, number + 1) >= waited or 0 < factor < 1
