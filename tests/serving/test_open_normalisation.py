import numpy as np
import pytest
import tensorflow as tf

from serving.open_normalisation import CALL, FUSED, open_normalisation

IMAGES = np.random.default_rng(7).normal(size=(2, 5, 4, 3)).astype(np.float32)
STATISTICS = [np.float32(values) for values in ([1, 2, 0.5], [0, -1, 3], [0.1, 0.2, -0.3], [0.5, 1, 2])]  # scale to variance

ENDS = ("images:0", "given:0")


def fused(images, **options):
    given = {"is_training": False} | options
    return tf.raw_ops.FusedBatchNormV3(
        x=images, scale=STATISTICS[0], offset=STATISTICS[1], mean=STATISTICS[2], variance=STATISTICS[3], **given
    )


def fused_with_its_mean(images):
    outputs = fused(images)
    return outputs.y + outputs.batch_mean


def graph_of(build, *, within=False):
    """Return the GraphDef of what is built on images; `within`: in a function that a function calls."""
    with tf.Graph().as_default() as graph:
        images = tf.compat.v1.placeholder(tf.float32, [None, 5, 4, 3], name="images")
        inner = tf.function(build, autograph=False)
        given = tf.function(lambda images: 2.0 * inner(images), autograph=False)(images) if within else build(images)
        tf.identity(given, name="given")
    definition = graph.as_graph_def()
    for node in definition.node:
        for name in [name for name, value in node.attr.items() if name == "data_format" and value.s == b"NHWC"]:
            del node.attr[name]  # as in a SavedModel, where an attribute that equals its default is absent
    return definition


def run(definition):
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(definition, name="")
    with tf.compat.v1.Session(graph=graph) as session:
        return session.run("given:0", {"images:0": IMAGES})


def operations(definition):
    nodes = [*definition.node, *(node for function in definition.library.function for node in function.node_def)]
    return [node.op for node in nodes]


@pytest.mark.parametrize("within", [False, True])
@pytest.mark.parametrize("epsilon", [None, 0.3])
def test_normalises_as_before(epsilon, within):
    options = {} if epsilon is None else {"epsilon": epsilon}
    definition = graph_of(lambda images: tf.nn.relu(fused(images, **options).y), within=within)
    expected = run(definition)
    open_normalisation(definition, ENDS)
    assert FUSED not in operations(definition)
    assert CALL in operations(definition)
    assert np.ptp(expected) > 1
    np.testing.assert_allclose(run(definition), expected, rtol=1e-5, atol=1e-6)


def test_each_epsilon_keeps_its_own():
    definition = graph_of(lambda images: fused(fused(images, epsilon=0.3).y, epsilon=0.01).y)
    expected = run(definition)
    open_normalisation(definition, ENDS)
    np.testing.assert_allclose(run(definition), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("within", [False, True])
@pytest.mark.parametrize(
    "build",
    [
        lambda images: fused(images, is_training=True).y,
        lambda images: tf.transpose(fused(tf.transpose(images, [0, 3, 1, 2]), data_format="NCHW").y, [0, 2, 3, 1]),
        lambda images: tf.cast(fused(tf.cast(images, tf.bfloat16)).y, tf.float32),
        lambda images: fused(images).y + fused(images).batch_mean,
        fused_with_its_mean,
    ],
    ids=["learns", "channels first", "bfloat16", "one of two", "asked for its mean"],
)
def test_another_kind_stays(build, within):
    definition = graph_of(build, within=within)
    open_normalisation(definition, ENDS)
    assert operations(definition).count(FUSED) == 1


@pytest.mark.parametrize(("end", "kept"), [("fused", 0), ("fused:0", 0), ("fused:1", 1)])
def test_output_that_only_a_client_asks_for_is_there(end, kept):
    definition = graph_of(lambda images: fused(images, name="fused").y)
    open_normalisation(definition, ["images:0", end])
    assert operations(definition).count(FUSED) == kept


def test_what_a_function_returns_is_the_call():
    definition = graph_of(lambda images: fused(images).y, within=True)
    expected = run(definition)
    open_normalisation(definition, ENDS)
    np.testing.assert_allclose(run(definition), expected, rtol=1e-5, atol=1e-6)
