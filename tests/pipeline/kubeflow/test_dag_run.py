import pytest
from kfp.pipeline_spec import pipeline_spec_pb2 as pb

from pipeline.kubeflow.dag_run import WHATEVER_HAPPENED, State, ready, starts


def task(*after: str, exit_task: bool = False) -> pb.PipelineTaskSpec:
    found = pb.PipelineTaskSpec(dependent_tasks=after)
    if exit_task:
        found.trigger_policy.strategy = WHATEVER_HAPPENED
    return found


def test_tasks_that_wait_for_nothing_are_ready_together() -> None:
    waiting = {"ingest": task(), "bounds": task(), "statistics": task("ingest")}
    assert ready(waiting, {}) == ["ingest", "bounds"]
    assert ready({"statistics": task("ingest")}, {"ingest": State.SUCCEEDED}) == ["statistics"]


def test_after_a_failure_all_but_the_exit_task_are_passed_over_at_once() -> None:
    waiting = {"trainer": task("ingest", "statistics"), "report": task("trainer", exit_task=True)}
    states = {"statistics": State.FAILED}
    assert ready(waiting, states) == ["trainer"]
    assert not starts(waiting["trainer"], states)


@pytest.mark.parametrize("ended", list(State))
def test_exit_task_starts_however_the_others_ended(ended: State) -> None:
    report = task("pipeline", exit_task=True)
    assert ready({"report": report}, {"pipeline": ended}) == ["report"]
    assert starts(report, {"pipeline": ended})


@pytest.mark.parametrize(("upstream", "expected"), [(State.SUCCEEDED, True), (State.SKIPPED, False), (State.FAILED, False)])
def test_task_starts_only_after_what_succeeded(upstream: State, expected: bool) -> None:
    assert starts(task("gate"), {"gate": upstream}) is expected
