import numpy as np
import pytest
import tensorflow as tf

from models import features
from models.transform_graph import TransformGraph


@pytest.fixture(scope="module")
def graph(training_inputs):
    return TransformGraph(str(training_inputs.transform_graph))


def with_label(label):
    feature = tf.train.Feature(bytes_list=tf.train.BytesList(value=[label.encode()]))
    return tf.train.Example(features=tf.train.Features(feature={features.LABEL: feature})).SerializeToString()


def test_label_ids_are_positions_in_the_classes_and_need_the_label_alone(graph, training_maker):
    serialized = [with_label(name) for name in (*training_maker.CLASSES, "other")]
    np.testing.assert_array_equal(graph.label_ids(tf.constant(serialized)), [0, 1, 2, -1])


def test_moments_are_those_of_the_train_split(graph, training_inputs):
    scaled = training_inputs.pixels["train"] / 255
    moments = graph.pixel_moments()
    np.testing.assert_allclose([moments.mean, moments.variance], [scaled.mean(), scaled.var()], rtol=1e-4)
