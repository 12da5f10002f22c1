import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tfx.dsl.components.base.base_executor import BaseExecutor
from tfx.dsl.components.common.importer import Importer
from tfx.types import Artifact, standard_artifacts

from components import blessing
from components.pusher.component import Pusher
from components.pusher.executor import Executor
from components.pusher.rollback import withdraw
from pipeline.errors import NotBlessedError

Inputs = dict[str, list[Artifact]]


@pytest.fixture
def judged(tmp_path: Path, model_folder: Path, artifact: Callable[..., Artifact]) -> Callable[..., Inputs]:
    """Return a function that makes the inputs of Pusher with the gates' verdicts."""

    def make(clinical: str = "accepted", infra: str = "accepted") -> Inputs:
        model_blessing = artifact(standard_artifacts.ModelBlessing, tmp_path / "clinical", id=2)
        infra_blessing = artifact(standard_artifacts.InfraBlessing, tmp_path / "infra", id=3)
        blessing.publish(model_blessing, clinical, [])
        blessing.publish(infra_blessing, infra, [])
        model = artifact(standard_artifacts.Model, model_folder, id=1)
        return {"model": [model], "model_blessing": [model_blessing], "infra_blessing": [infra_blessing]}

    return make


@pytest.fixture
def run(tmp_path: Path, artifact: Callable[..., Artifact]) -> Callable[..., Artifact]:
    """Return a function that executes the push below tmp_path and returns its output."""

    def go(inputs: Inputs, run_id: str = "run-7") -> Artifact:
        pushed = artifact(standard_artifacts.PushedModel, tmp_path / "pushed", id=4)
        executor = Executor(BaseExecutor.Context(pipeline_run_id=run_id))
        executor.Do(inputs, {"pushed_model": [pushed]}, {"serving_dir": str(tmp_path / "serving" / "demo"), "data_digest": "d1"})
        return pushed

    return go


def test_pushed_model_says_where_it_is(run: Callable[[Inputs], Artifact], judged: Callable[..., Inputs], tmp_path: Path) -> None:
    pushed = run(judged())
    destination = pushed.get_string_custom_property("pushed_destination")
    version = pushed.get_string_custom_property("pushed_version")
    assert pushed.get_int_custom_property("pushed") == 1
    assert pushed.get_int_custom_property("current_model_id") == 1
    assert destination == f"serving/demo/{version}"
    assert (tmp_path / destination / "saved_model.pb").exists()


def test_manifest_names_run_and_verdicts(run: Callable[[Inputs], Artifact], judged: Callable[..., Inputs]) -> None:
    manifest = json.loads((Path(run(judged()).uri) / "manifest.json").read_text())
    assert manifest["run_id"] == "run-7"
    assert manifest["blessings"] == {"ClinicalGate": "accepted", "InfraValidator": "accepted"}
    assert (manifest["data_digest"], manifest["metrics"], manifest["repeats"]) == ("d1", {}, None)


@pytest.mark.parametrize(
    ("clinical", "infra", "gate"),
    [("model_refused", "accepted", "ClinicalGate"), ("accepted", "infra_refused", "InfraValidator")],
)
def test_unblessed_model_is_not_pushed(
    run: Callable[[Inputs], Artifact], judged: Callable[..., Inputs], tmp_path: Path, clinical: str, infra: str, gate: str
) -> None:
    with pytest.raises(NotBlessedError, match=gate):
        run(judged(clinical, infra))
    assert not (tmp_path / "serving").exists()


@pytest.mark.parametrize("missing", ["model_blessing", "infra_blessing"])
def test_missing_blessing_is_no_blessing(run: Callable[[Inputs], Artifact], judged: Callable[..., Inputs], missing: str) -> None:
    inputs = judged()
    del inputs[missing]
    with pytest.raises(NotBlessedError):
        run(inputs)


def test_node_runs_in_a_pipeline_and_is_cached(root: Any, judged: Callable[..., Inputs], tmp_path: Path) -> None:
    inputs = judged()
    for run, cached in (("first", False), ("second", True)):
        nodes = [
            Importer(source_uri=found.uri, artifact_type=type(found), custom_properties={"blessed": 1}).with_id(key)
            for key, (found,) in inputs.items()
        ]
        channels = {node.id: node.outputs["result"] for node in nodes}
        pusher = Pusher(**channels, serving_dir=str(tmp_path / "serving" / "demo"))
        assert root.run(run, [*nodes, pusher])["Pusher"].cached is cached
    versions = [entry for entry in (tmp_path / "serving" / "demo").iterdir() if entry.is_dir()]
    assert len(versions) == 1


def test_killed_run_that_had_pushed_still_says_so(run: Callable[..., Artifact], judged: Callable[..., Inputs]) -> None:
    first, continued = run(judged()), run(judged())
    assert continued.get_int_custom_property("already_served") == 0
    assert continued.get_string_custom_property("pushed_version") == first.get_string_custom_property("pushed_version")


def test_model_that_is_served_already_is_not_pushed_again(
    run: Callable[..., Artifact], judged: Callable[..., Inputs], tmp_path: Path
) -> None:
    first, second = run(judged()), run(judged(), run_id="run-8")
    assert second.get_int_custom_property("already_served") == 1
    assert second.get_string_custom_property("pushed_version") == first.get_string_custom_property("pushed_version")
    assert len([entry for entry in (tmp_path / "serving" / "demo").iterdir() if entry.is_dir()]) == 1


def test_model_that_was_taken_back_is_not_pushed_again(
    run: Callable[..., Artifact], judged: Callable[..., Inputs], tmp_path: Path
) -> None:
    serving = tmp_path / "serving" / "demo"
    first = run(judged()).get_string_custom_property("pushed_version")
    withdraw(serving, int(first), instead=1)
    again = run(judged(), run_id="run-8")
    assert (again.get_int_custom_property("pushed"), again.get_string_custom_property("pushed_version")) == (0, first)
    assert not [entry for entry in serving.iterdir() if entry.name.isdecimal()]


def test_vanished_version_is_pushed_again(
    run: Callable[[Inputs], Artifact], judged: Callable[..., Inputs], tmp_path: Path
) -> None:
    first = run(judged())
    version = int(first.get_string_custom_property("pushed_version"))
    shutil.rmtree(tmp_path / "serving" / "demo" / str(version))
    again = run(judged())
    assert again.get_int_custom_property("already_served") == 0
    assert int(again.get_string_custom_property("pushed_version")) > version
