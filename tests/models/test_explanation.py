from collections.abc import Callable
from typing import NamedTuple

import keras
import numpy as np
import pytest
import tensorflow as tf

from models import zoo
from models.explanation import decided_score, explainer, heat_map, last_feature_map

SIDE, HALF = 32, 16
IMAGES, EPOCHS = {"article_cnn": 384, "compact_resnet": 128}, 4
LEARNING_RATES = {"article_cnn": 1e-3, "compact_resnet": 3e-3}


def drawn(count, seed):
    """Draw noise with a patch in one quadrant, striped across or along, which alone tells the two classes apart.

    Opposite lies a chequered patch of twice the contrast, which says nothing: what follows contrast alone is drawn to it.
    """
    random = np.random.default_rng(seed)
    images = random.normal(0, 0.3, (count, SIDE, SIDE, 1)).astype(np.float32)
    quadrants, labels = random.integers(0, 4, count), random.integers(0, 2, count)
    stripes = (np.arange(10) // 2 % 2) * 4 - 2.0
    chequers = stripes[:, None] * stripes[None, :]
    for image, quadrant, label in zip(images, quadrants, labels, strict=True):
        top, left = (2 + HALF * part + random.integers(0, 3) for part in divmod(int(quadrant), 2))
        image[top : top + 10, left : left + 10, 0] += stripes[:, None] if label else stripes[None, :]
        image[22 - top : 32 - top, 22 - left : 32 - left, 0] += chequers
    return images, quadrants, labels


class Trained(NamedTuple):
    """A model, and what explains images by it: a function from images to probabilities and heat."""

    name: str
    model: keras.Model
    explained: Callable[[np.ndarray], tuple[np.ndarray, ...]]


def explaining(model):
    """Explain inside a graph for batches of any size, as the export does."""
    graph = tf.function(explainer(model), [tf.TensorSpec([None, SIDE, SIDE, 1])], autograph=False)
    return lambda images: tuple(value.numpy() for value in graph(tf.constant(images)))


@pytest.fixture(scope="module", params=["article_cnn", "compact_resnet"])
def trained(request):
    keras.utils.set_random_seed(1)
    model = zoo.build(request.param, (SIDE, SIDE, 1), 2, seed=3)
    model.compile(optimizer=keras.optimizers.Adam(LEARNING_RATES[request.param]), loss="sparse_categorical_crossentropy")
    images, _, labels = drawn(IMAGES[request.param], seed=0)
    model.fit(images, labels, epochs=EPOCHS, verbose=0)
    return Trained(request.param, model, explaining(model))


def hottest_quadrants(heat):
    return heat.reshape(-1, 2, HALF, 2, HALF).sum(axis=(2, 4)).reshape(-1, 4).argmax(axis=1)


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_heat_lies_where_the_only_evidence_is(trained, dtype):
    copy = zoo.build(trained.name, (SIDE, SIDE, 1), 2, dtype=dtype)
    copy.set_weights(trained.model.get_weights())
    images, quadrants, labels = drawn(48, seed=9)
    probabilities, heat = explaining(copy)(images)
    assert np.mean(probabilities.argmax(axis=1) == labels) > 0.95
    assert np.mean(hottest_quadrants(heat) == quadrants) > 0.95
    assert (heat.shape, heat.dtype) == ((48, SIDE, SIDE), np.float32)
    np.testing.assert_array_equal(heat.max(axis=(1, 2)), 1.0)
    assert heat.min() >= 0


def test_probabilities_are_the_models_own(trained):
    images = drawn(8, seed=4)[0]
    predict = tf.function(lambda batch: trained.model(batch, training=False), autograph=False)
    np.testing.assert_array_equal(trained.explained(images)[0], predict(images))


def test_an_image_is_explained_alike_alone_and_in_a_batch(trained):
    images = drawn(4, seed=7)[0]
    together = trained.explained(images)[1]
    alone = np.concatenate([trained.explained(images[row : row + 1])[1] for row in range(4)])
    np.testing.assert_allclose(together, alone, atol=1e-4)


@pytest.mark.parametrize(("name", "follows"), [("article_cnn", "flatten"), ("compact_resnet", "average")])
def test_the_feature_map_is_what_the_network_gives_its_places_up_from(name, follows):
    model = zoo.build(name, (SIDE, SIDE, 1), 2)
    assert last_feature_map(model) is model.get_layer(follows).input


def test_heat_is_the_weighted_sum_of_features_without_what_speaks_against():
    features = tf.constant([[[[1.0, 1.0], [0.0, 3.0]], [[2.0, 0.0], [4.0, 2.0]]]])
    gradient = tf.ones([1, 2, 2, 2]) * tf.constant([1.0, -1.0])
    # Channel 1 speaks for the class, channel 2 against it: 0, -3, 2 and 2.
    np.testing.assert_allclose(heat_map(features, gradient, tf.constant([2, 2]))[0], [[0, 0], [1, 1]])


def test_heat_is_zero_where_nothing_speaks_for_the_class():
    heat = heat_map(tf.ones([1, 2, 2, 1]), -tf.ones([1, 2, 2, 1]), tf.constant([4, 4]))
    np.testing.assert_array_equal(heat, np.zeros([1, 4, 4]))


def test_the_score_keeps_its_gradient_where_the_softmax_is_sure():
    last = keras.layers.Dense(2, activation="softmax", kernel_initializer="identity")
    summary = tf.constant([[200.0, 0.0]])
    probabilities = last(summary)
    with tf.GradientTape() as tape:
        tape.watch(summary)
        score = decided_score(summary, last, probabilities)
    np.testing.assert_array_equal(probabilities, [[1, 0]])
    np.testing.assert_array_equal(tape.gradient(score, summary), [[1, 0]])


def test_a_model_without_places_is_refused():
    image = keras.layers.Input((4, 4, 1))
    flat = keras.layers.Dense(2, activation="softmax")(keras.layers.Flatten()(image))
    with pytest.raises(ValueError, match="'flat' has no feature map; expected a layer with output"):
        explainer(keras.Model(image, flat, name="flat"))
