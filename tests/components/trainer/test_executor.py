import json
from dataclasses import replace
from pathlib import Path

import pytest
from tfx.types import standard_artifacts
from tfx.utils import json_utils, path_utils

from components import blessing
from components.artifacts import DataBlessing, LeakageProof
from components.data_gate import proof
from components.data_gate.proof import RuleProof
from components.trainer.component import RUN_FN
from components.trainer.executor import Executor
from pipeline.errors import NotBlessedError

RULE = RuleProof("data.patient", "patients across splits", "none", "none", "holds")


@pytest.fixture
def node(training_inputs, training_maker, artifact, tmp_path):
    """What TFX's launcher gives to the executor."""
    data_blessing = artifact(DataBlessing, tmp_path / "blessing")
    leakage_proof = artifact(LeakageProof, tmp_path / "proof")
    proof.publish(leakage_proof, [RULE])
    examples = artifact(standard_artifacts.Examples, training_inputs.examples, split_names='["train","val","test"]')
    graph = artifact(standard_artifacts.TransformGraph, training_inputs.transform_graph)
    inputs = {"examples": [examples], "transform_graph": [graph], "data_blessing": [data_blessing]}
    inputs["leakage_proof"] = [leakage_proof]
    outputs = {
        "model": [artifact(standard_artifacts.Model, tmp_path / "model")],
        "model_run": [artifact(standard_artifacts.ModelRun, tmp_path / "model_run")],
    }
    config = training_maker.custom_config(tmp_path / "work", steps=2, model="article_cnn")
    splits = {name: json.dumps({"splits": [split]}) for name, split in (("train_args", "train"), ("eval_args", "val"))}
    return inputs, outputs, {**splits, "run_fn": RUN_FN, "custom_config": json_utils.dumps(config)}


def test_blessed_data_is_trained_on(node):
    inputs, outputs, properties = node
    blessing.publish(inputs["data_blessing"][0], "accepted", [])
    Executor().Do(inputs, outputs, properties)
    assert (Path(path_utils.serving_model_path(outputs["model"][0].uri)) / "saved_model.pb").exists()
    assert (Path(outputs["model_run"][0].uri) / "history.json").exists()


def test_refused_data_is_not_trained_on(node):
    inputs, outputs, properties = node
    blessing.publish(inputs["data_blessing"][0], "data_refused", [])
    with pytest.raises(NotBlessedError, match="DataGate has not blessed"):
        Executor().Do(inputs, outputs, properties)
    assert list(Path(outputs["model"][0].uri).iterdir()) == []


def test_data_without_blessing_is_not_trained_on(node):
    inputs, outputs, properties = node
    del inputs["data_blessing"]
    with pytest.raises(NotBlessedError, match="DataGate has not blessed"):
        Executor().Do(inputs, outputs, properties)


@pytest.mark.parametrize("proofs", ["refuted", "absent"])
def test_splits_that_are_not_proven_apart_are_not_trained_on(node, proofs):
    inputs, outputs, properties = node
    blessing.publish(inputs["data_blessing"][0], "accepted", [])
    if proofs == "refuted":
        proof.publish(inputs["leakage_proof"][0], [replace(RULE, verdict="broken")])
    else:
        del inputs["leakage_proof"]
    with pytest.raises(NotBlessedError, match="not proven"):
        Executor().Do(inputs, outputs, properties)
    assert list(Path(outputs["model"][0].uri).iterdir()) == []
