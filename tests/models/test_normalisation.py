import numpy as np
import tensorflow as tf

from models.normalisation import PixelMoments, normalise


def test_normalised_pixels_have_zero_mean_and_unit_variance():
    pixels = np.random.default_rng(0).integers(0, 256, (4, 16, 16, 3), np.uint8)
    scaled = pixels / 255
    normal = normalise(tf.constant(pixels), PixelMoments(scaled.mean(), scaled.var())).numpy()
    assert normal.dtype == np.float32
    np.testing.assert_allclose([normal.mean(), normal.std()], [0, 1], atol=1e-5)


def test_pixels_of_one_grey_level_stay_finite():
    normal = normalise(tf.fill([1, 2, 2, 1], tf.constant(100, tf.uint8)), PixelMoments(100 / 255, 0.0))
    np.testing.assert_allclose(normal, 0.0, atol=1e-3)
