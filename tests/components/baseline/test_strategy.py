from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tfx.dsl.components.base.base_component import BaseComponent
from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.dsl.components.base.executor_spec import ExecutorClassSpec
from tfx.types import Artifact, BaseChannel, Channel, ComponentSpec, standard_artifacts
from tfx.types.component_spec import ChannelParameter, ExecutionParameter

from components.baseline.resolver import BASELINE_ID, baseline_resolver
from components.baseline.strategy import newest_version_of, pushed_last
from components.clinical_gate.executor import bless
from components.clinical_gate.settings import GateSettings
from components.pusher.versions import State, Version
from pipeline.config import Evaluation, Image, Threshold

IMAGE = Image()
EVALUATION = Evaluation(thresholds=(Threshold(metric="auc", at_least=0.9),))

Values = dict[str, Any]
Artifacts = dict[str, list[Artifact]]


class TrainExecutor(BaseExecutor):
    """Leaves an empty model."""

    def Do(self, input_dict: Artifacts, output_dict: Artifacts, exec_properties: Values) -> None:
        pass


class TrainSpec(ComponentSpec):
    PARAMETERS = {"seed": ExecutionParameter(type=int)}  # noqa: RUF012
    INPUTS: dict[str, ChannelParameter] = {}  # noqa: RUF012
    OUTPUTS = {"model": ChannelParameter(type=standard_artifacts.Model)}  # noqa: RUF012


class Train(BaseComponent):
    SPEC_CLASS = TrainSpec
    EXECUTOR_SPEC = ExecutorClassSpec(TrainExecutor)

    def __init__(self, seed: int) -> None:
        super().__init__(spec=TrainSpec(seed=seed, model=Channel(type=standard_artifacts.Model)))


class JudgeExecutor(BaseExecutor):
    """Blesses as ClinicalGate does, and in the Evaluator's place too."""

    def Do(self, input_dict: Artifacts, output_dict: Artifacts, exec_properties: Values) -> None:
        verdict = exec_properties["verdict"]
        settings = GateSettings.model_validate_json(exec_properties["settings"])
        bless(output_dict["blessing"][0], input_dict["model"][0], verdict=verdict, findings=[], settings=settings)


class JudgeSpec(ComponentSpec):
    PARAMETERS = {"verdict": ExecutionParameter(type=str), "settings": ExecutionParameter(type=str)}  # noqa: RUF012
    INPUTS = {  # noqa: RUF012
        "model": ChannelParameter(type=standard_artifacts.Model),
        "baseline": ChannelParameter(type=standard_artifacts.Model, optional=True),
    }
    OUTPUTS = {"blessing": ChannelParameter(type=standard_artifacts.ModelBlessing)}  # noqa: RUF012


class Judge(BaseComponent):
    SPEC_CLASS = JudgeSpec
    EXECUTOR_SPEC = ExecutorClassSpec(JudgeExecutor)

    def __init__(self, model: BaseChannel, baseline: BaseChannel, verdict: str, settings: str) -> None:
        blessing = Channel(type=standard_artifacts.ModelBlessing)
        super().__init__(spec=JudgeSpec(model=model, baseline=baseline, verdict=verdict, settings=settings, blessing=blessing))


class PushExecutor(BaseExecutor):
    """Publishes the properties that Pusher publishes."""

    def Do(self, input_dict: Artifacts, output_dict: Artifacts, exec_properties: Values) -> None:
        (pushed,), (model,) = output_dict["pushed_model"], input_dict["model"]
        pushed.set_int_custom_property("pushed", 1)
        pushed.set_int_custom_property("current_model_id", model.id)
        pushed.set_string_custom_property("pushed_destination", f"serving/demo/{exec_properties['version']}")


class PushSpec(ComponentSpec):
    PARAMETERS = {"version": ExecutionParameter(type=int)}  # noqa: RUF012
    INPUTS = {"model": ChannelParameter(type=standard_artifacts.Model)}  # noqa: RUF012
    OUTPUTS = {"pushed_model": ChannelParameter(type=standard_artifacts.PushedModel)}  # noqa: RUF012


class Push(BaseComponent):
    SPEC_CLASS = PushSpec
    EXECUTOR_SPEC = ExecutorClassSpec(PushExecutor)

    def __init__(self, model: BaseChannel, version: int) -> None:
        pushed = Channel(type=standard_artifacts.PushedModel)
        super().__init__(spec=PushSpec(model=model, version=version, pushed_model=pushed))


@pytest.fixture
def run(root: Any) -> Any:
    """Return a function that runs a pipeline of that shape and returns (candidate's id, baseline's ids, what was launched)."""

    def go(
        run_id: str,
        seed: int,
        *,
        verdict: str = "accepted",
        push: bool = True,
        becomes: str = "{version}",
        classes: tuple[str, ...] = ("a", "b"),
        image: Image = IMAGE,
    ) -> Any:
        trainer = Train(seed).with_id("Trainer")
        baseline = baseline_resolver(trainer.outputs["model"], classes=classes, image=image, root=root.folder)
        settings = GateSettings(classes=classes, rules=(), evaluation=EVALUATION, image=image).model_dump_json()
        model, before = trainer.outputs["model"], baseline.outputs["model"]
        evaluator = Judge(model, before, "accepted", settings).with_id("Evaluator")
        gate = Judge(model, before, verdict, settings).with_id("ClinicalGate")
        gate.add_upstream_node(evaluator)
        nodes = [trainer, baseline, evaluator, gate]
        if push:
            pusher = Push(model, seed).with_id("Pusher")
            (root.folder / "serving" / "demo" / becomes.format(version=seed)).mkdir(parents=True, exist_ok=True)
            (root.folder / "serving" / "demo" / f"{seed}.json").write_text("{}")
            pusher.add_upstream_node(gate)
            nodes.append(pusher)
        launched = root.run(run_id, nodes)
        (candidate,) = launched["Trainer"].outputs["model"]
        found = launched[BASELINE_ID].outputs.get("model", [])
        assert set(launched[BASELINE_ID].outputs) <= {"model"}
        return candidate.id, [model.id for model in found], launched

    return go


def test_first_run_has_no_baseline(run: Any) -> None:
    _, baseline, _ = run("1", seed=1)
    assert baseline == []


def test_pushed_model_is_baseline_of_the_next(run: Any) -> None:
    first, _, _ = run("1", seed=1)
    _, baseline, launched = run("2", seed=2)
    assert baseline == [first]
    assert launched["Evaluator"].input_ids["baseline"] == [first]


def test_repeated_run_keeps_its_baseline_and_is_cached(run: Any) -> None:
    first, _, _ = run("1", seed=1)
    second, _, _ = run("2", seed=2)
    again, baseline, launched = run("3", seed=2)
    assert (again, baseline) == (second, [first])
    assert all(launched[node].cached for node in launched if node != BASELINE_ID)


def test_repeated_first_run_has_no_baseline_and_is_cached(run: Any) -> None:
    run("1", seed=1)
    _, baseline, launched = run("2", seed=1)
    assert baseline == []
    assert all(launched[node].cached for node in launched if node != BASELINE_ID)


def test_model_refused_by_the_gate_is_no_baseline(run: Any) -> None:
    first, _, _ = run("1", seed=1)
    run("2", seed=2, verdict="model_refused", push=False)
    _, baseline, _ = run("3", seed=3)
    assert baseline == [first]


def test_model_that_was_not_pushed_is_no_baseline(run: Any) -> None:
    first, _, _ = run("1", seed=1)
    run("2", seed=2, push=False)
    _, baseline, _ = run("3", seed=3)
    assert baseline == [first]


@pytest.mark.parametrize("becomes", [".withdrawn-{version}", ".waiting-{version}"])
def test_model_that_was_taken_back_or_waits_is_no_baseline(run: Any, becomes: str) -> None:
    first, _, _ = run("1", seed=1)
    run("2", seed=2, becomes=becomes)
    _, baseline, _ = run("3", seed=3)
    assert baseline == [first]


def test_pruned_model_is_still_a_baseline(run: Any, root: Any) -> None:
    first, _, _ = run("1", seed=1)
    (root.folder / "serving" / "demo" / "1").rmdir()
    _, baseline, _ = run("2", seed=2)
    assert baseline == [first]


def test_model_that_was_pushed_again_counts_by_its_last_push(run: Any, root: Any) -> None:
    first, _, _ = run("1", seed=1)
    run("2", seed=2)
    (root.folder / "serving" / "demo" / "3").mkdir()
    (root.folder / "serving" / "demo" / "3.json").write_text('{"repeats": 1}')
    _, baseline, _ = run("4", seed=4)
    assert baseline == [first]


def test_model_of_other_classes_is_no_baseline(run: Any) -> None:
    run("1", seed=1, classes=("a", "b", "c"))
    _, baseline, _ = run("2", seed=2)
    assert baseline == []


@pytest.mark.parametrize("image", [Image(size=64), Image(channels=1), Image(fit="center_crop")])
def test_model_of_another_image_form_is_no_baseline(run: Any, image: Image) -> None:
    run("1", seed=1, image=image)
    _, baseline, _ = run("2", seed=2)
    assert baseline == []


def test_cached_model_is_compared_with_the_one_pushed_since(run: Any) -> None:
    """A, B, A: the old candidate does not replace the better served one without a comparison."""
    first, _, _ = run("1", seed=1)
    second, _, _ = run("2", seed=2)
    again, baseline, launched = run("3", seed=1)
    assert (again, baseline) == (first, [second])
    assert launched["Trainer"].cached
    assert not launched["Evaluator"].cached


@pytest.mark.parametrize(
    ("states", "newest"),
    [
        ({}, 1),  # the folder was cleared
        ({1: "kept"}, 1),
        ({1: "removed"}, 1),
        ({1: "withdrawn"}, None),
        ({1: "waiting"}, None),
        ({1: "withdrawn", 5: "served"}, 5),  # 5 repeats 1
        ({1: "kept", 5: "withdrawn"}, 1),
        ({1: "withdrawn", 5: "withdrawn"}, None),
    ],
)
def test_push_counts_by_the_newest_version_of_its_files_that_stands(states: dict[int, str], newest: int | None) -> None:
    manifests: dict[int, Values] = {1: {}, 5: {"repeats": 1}}
    known = [Version(number, State(state), None, manifests[number]) for number, state in states.items()]
    assert newest_version_of(1, [*known, Version(9, State.SERVED, None, {})]) == newest


@given(st.lists(st.integers(1, 9)), st.sets(st.integers(1, 9)))
def test_baseline_is_the_last_push_of_an_eligible_model(pushes: list[int], models: set[int]) -> None:
    found = pushed_last(pushes, models)
    eligible = [model for model in pushes if model in models]
    assert found == (eligible[-1] if eligible else None)
