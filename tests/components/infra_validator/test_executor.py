import shutil
from pathlib import Path

import pytest
import tensorflow as tf
from tfx.types import standard_artifacts
from tfx.utils import path_utils

from components import blessing
from components.infra_validator.executor import Executor
from models import export
from models.training import run_fn
from pipeline.errors import NotBlessedError


@pytest.fixture(scope="module")
def good_export(training_inputs, tmp_path_factory):
    fn_args = training_inputs.fn_args(tmp_path_factory.mktemp("trained") / "outputs", steps=4)
    run_fn(fn_args)
    return Path(fn_args.serving_model_dir)


@pytest.fixture
def node(training_inputs, good_export, artifact, tmp_path):
    """What TFX's launcher gives to the executor, with a copy of a good export."""
    model = artifact(standard_artifacts.Model, tmp_path / "model")
    shutil.copytree(good_export, path_utils.serving_model_dir(model.uri))
    model_blessing = artifact(standard_artifacts.ModelBlessing, tmp_path / "model_blessing")
    blessing.publish(model_blessing, "accepted", [])
    examples = artifact(standard_artifacts.Examples, training_inputs.examples, split_names='["train","val","test"]')
    inputs = {"model": [model], "examples": [examples], "model_blessing": [model_blessing]}
    outputs = {"blessing": [artifact(standard_artifacts.InfraBlessing, tmp_path / "blessing")]}
    return inputs, outputs, {"golden_requests": 4, "time_limit": 120.0}


def run(node):
    """Run the executor; return verdict, findings that refuse, and TFX's property."""
    Executor().Do(*node)
    published = node[1]["blessing"][0]
    verdict, findings = blessing.read(published.uri)
    return verdict, [finding for finding in findings if finding.refuses], published.get_int_custom_property("blessed")


def export_of(node):
    return Path(path_utils.serving_model_path(node[0]["model"][0].uri))


def test_good_export_is_accepted_with_its_figures(node):
    verdict, refusals, blessed = run(node)
    assert (verdict, refusals, blessed) == ("accepted", [], 1)
    _, findings = blessing.read(node[1]["blessing"][0].uri)
    assert [finding.found for finding in findings if finding.rule == "infra.canonical_pixels"] == ["8 of 8 equal"]


def test_missing_variables_refuse(node):
    shutil.rmtree(export_of(node) / "variables")
    verdict, refusals, blessed = run(node)
    assert (verdict, blessed) == ("infra_refused", 0)
    assert refusals[0].rule == "infra.serves"


def test_cut_variables_refuse(node):
    (file,) = (export_of(node) / "variables").glob("*.data-*")
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    verdict, refusals, _ = run(node)
    assert verdict == "infra_refused"
    assert refusals[0].rule == "infra.serves"


def test_export_whose_signatures_disagree_is_refused(node):
    folder = export_of(node)
    loaded = tf.saved_model.load(str(folder))

    def sharpened(examples):
        outputs = loaded.signatures[export.SERVING_DEFAULT](examples=examples)
        return outputs | {"probabilities": tf.nn.softmax(outputs["probabilities"] * 3)}

    signature = tf.function(sharpened, input_signature=[tf.TensorSpec([None], tf.string, name="examples")])
    changed = folder.with_name("changed")
    tf.saved_model.save(loaded, str(changed), signatures=dict(loaded.signatures) | {export.SERVING_DEFAULT: signature})
    shutil.copytree(folder / "assets.extra", changed / "assets.extra")
    shutil.rmtree(folder)
    changed.rename(folder)
    verdict, refusals, _ = run(node)
    assert verdict == "infra_refused"
    assert [finding.subject for finding in refusals] == ["serving_default against predict_image"]


def test_hanging_server_is_refused(node):
    node[2]["time_limit"] = 0.2
    verdict, refusals, _ = run(node)
    assert verdict == "infra_refused"
    assert refusals[0].found == "no answer within 0.2 s"


def test_model_that_the_clinical_gate_refused_is_not_served(node):
    blessing.publish(node[0]["model_blessing"][0], "model_refused", [])
    with pytest.raises(NotBlessedError, match="ClinicalGate has not blessed"):
        Executor().Do(*node)
