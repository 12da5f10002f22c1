import numpy as np
import pytest
import tensorflow as tf

from bench.serving import image_model
from bench.serving.image_model import Network
from models.export import PREDICT_IMAGE, PROBABILITIES
from serving import constant_graph
from serving.constant_graph import with_constants
from serving.saved_model import ALL_CORES, SavedModel, session_config

CONFIG = session_config(ALL_CORES, bfloat16=False)
X = np.array([3.0, 4.0], np.float32)


class Holding(tf.Module):
    """Adds what it holds, and another thing; an input goes unused."""

    def __init__(self, kind: str) -> None:
        self.held = tf.Variable([1.0, 2.0])
        self.kind = kind
        if kind == "table":
            keys = tf.constant([3, 4], tf.int64)
            self.table = tf.lookup.StaticHashTable(tf.lookup.KeyValueTensorInitializer(keys, tf.constant([10.0, 20.0])), 0.0)

    @tf.function(input_signature=[tf.TensorSpec([2], tf.float32, name="x"), tf.TensorSpec([], tf.float32, name="unused")])
    def answer(self, x, unused):  # noqa: ARG002
        if self.kind == "counting":
            self.held.assign_add([1.0, 1.0])
        other = self.table.lookup(tf.cast(x, tf.int64)) if self.kind == "table" else 0.0
        held = tf.gather(self.held, [0, 1]) if self.kind == "gathering" else self.held
        return {"y": x + held + other}


def loaded(module, folder):
    tf.saved_model.save(module, str(folder), signatures=module.answer)
    session = tf.compat.v1.Session(graph=tf.Graph())
    return session, dict(tf.compat.v1.saved_model.loader.load(session, ["serve"], str(folder)).signature_def)


def answer(session, signatures):
    definition = signatures["serving_default"]
    fed = {definition.inputs["x"].name: X, definition.inputs["unused"].name: 0.0}
    return session.run(definition.outputs["y"].name, fed).tolist()


def variables(session):
    return [node.name for node in session.graph.as_graph_def().node if node.op == "VarHandleOp"]


def test_variables_become_constants_and_an_unused_input_stays(tmp_path):
    session, signatures = loaded(Holding("plain"), tmp_path)
    assert variables(session)
    constant = with_constants(session, signatures, CONFIG)
    assert not variables(constant)
    assert answer(constant, signatures) == [4, 6]
    with pytest.raises(RuntimeError, match="closed"):
        answer(session, signatures)


@pytest.mark.parametrize(
    ("kind", "answers"),
    [("counting", ([5, 7], [6, 8])), ("table", ([14, 26], [14, 26])), ("gathering", ([4, 6], [4, 6]))],
)
def test_a_model_that_does_more_than_read_its_variables_stays(kind, answers, tmp_path):
    session, signatures = loaded(Holding(kind), tmp_path)
    assert with_constants(session, signatures, CONFIG) is session
    assert (answer(session, signatures), answer(session, signatures)) == answers


def test_a_model_too_large_for_one_message_stays(tmp_path, monkeypatch):
    session, signatures = loaded(Holding("plain"), tmp_path)
    monkeypatch.setattr(constant_graph, "MOST_BYTES", 7)  # two float32 are eight
    assert with_constants(session, signatures, CONFIG) is session
    monkeypatch.setattr(constant_graph, "MOST_BYTES", 8)
    assert with_constants(session, signatures | {"again": signatures["serving_default"]}, CONFIG) is session
    assert with_constants(session, signatures, CONFIG) is not session


def test_a_served_network_has_no_variables_left(tmp_path):
    export = image_model.save(tmp_path / "1", Network(size=32))
    images = {"image": np.array(image_model.images(4, 32), object)}
    plain, constant = SavedModel(export), SavedModel(export, bfloat16=True)
    assert variables(plain._session)
    assert not variables(constant._session)
    (expected,), (given,) = (model.run(PREDICT_IMAGE, images, [PROBABILITIES]) for model in (plain, constant))
    assert np.abs(given - expected).max() < 0.02


def test_normalisation_is_folded_into_the_convolutions(tmp_path):
    export = image_model.save(tmp_path / "1", Network(size=32))
    images = {"image": np.array(image_model.images(4, 32), object)}
    session = tf.compat.v1.Session(graph=tf.Graph())
    signatures = tf.compat.v1.saved_model.loader.load(session, ["serve"], str(export)).signature_def
    (expected,) = SavedModel(export).run(PREDICT_IMAGE, images, [PROBABILITIES])
    folded = with_constants(session, signatures, CONFIG)
    nodes = {node.name: node for node in folded.graph.as_graph_def().node}
    convolutions = {name for name, node in nodes.items() if node.op == "Conv2D"}
    assert len(convolutions) == 9  # stem, three blocks of two, two shortcuts
    assert {node.op for node in nodes.values() if convolutions & {*node.input}} == {"BiasAdd"}
    assert {nodes[nodes[name].input[1].partition(":")[0]].op for name in convolutions} == {"Const"}
    definition = signatures[PREDICT_IMAGE]
    given = folded.run(definition.outputs[PROBABILITIES].name, {definition.inputs["image"].name: images["image"]})
    np.testing.assert_allclose(given, expected, atol=1e-5)
