import numpy as np
import pytest
import tensorflow as tf

from models.augmentation import augment, window_transforms
from pipeline.config import Augmentation

OFF = Augmentation(rotation_degrees=0, flip="none", zoom=0, intensity=0)
SEED = tf.constant([1, 2])


@pytest.fixture
def images():
    return tf.constant(np.random.default_rng(0).uniform(0, 255, (8, 17, 23, 3)).astype(np.float32))


def only(**changed):
    return OFF.model_copy(update=changed)


def test_everything_off_changes_nothing(images):
    np.testing.assert_array_equal(augment(images, SEED, OFF), images)


@pytest.mark.parametrize(("flip", "axes"), [("horizontal", [2]), ("vertical", [1])])
def test_flip_mirrors_some_images_exactly_and_leaves_the_others(images, flip, axes):
    changed = augment(images, SEED, only(flip=flip)).numpy()
    mirrored = np.flip(images, axes)
    kinds = {
        "same" if np.allclose(one, before, atol=1e-3) else "mirrored" if np.allclose(one, other, atol=1e-3) else "neither"
        for one, before, other in zip(changed, images.numpy(), mirrored, strict=True)
    }
    assert kinds == {"same", "mirrored"}


def test_both_flips_are_drawn_independently(images):
    transforms = window_transforms(tf.tile(images, [8, 1, 1, 1]), SEED, only(flip="both")).numpy()
    assert {(across > 0, down > 0) for across, down in transforms[:, [0, 4]]} == {
        (x, y) for x in (True, False) for y in (True, False)
    }


def test_angles_and_scales_stay_within_their_bounds(images):
    settings = only(rotation_degrees=10.0, zoom=0.1)
    transforms = window_transforms(tf.tile(images, [50, 1, 1, 1]), SEED, settings).numpy()
    scales = np.hypot(transforms[:, 0], transforms[:, 3])
    angles = np.degrees(np.arctan2(transforms[:, 3], transforms[:, 0]))
    assert 0.9 <= scales.min() < 0.92 and 1.08 < scales.max() <= 1.1
    assert -10 <= angles.min() < -9 and 9 < angles.max() <= 10


def test_rotation_alone_keeps_the_centre(images):
    transforms = window_transforms(images, SEED, only(rotation_degrees=30.0)).numpy()
    centre = np.array([11.0, 8.0, 1.0])
    np.testing.assert_allclose(transforms[:, [0, 1, 2]] @ centre, 11.0, atol=1e-4)
    np.testing.assert_allclose(transforms[:, [3, 4, 5]] @ centre, 8.0, atol=1e-4)


def test_intensity_is_one_contrast_and_brightness_an_image(images):
    changed = augment(images, SEED, only(intensity=0.1)).numpy()
    for before, after in zip(images.numpy(), changed, strict=True):
        contrast, brightness = np.polyfit(before.ravel(), after.ravel(), 1)
        assert 0.9 <= contrast <= 1.1
        assert abs(contrast * 127.5 + brightness - 127.5) <= 25.6
        np.testing.assert_allclose(after, before * contrast + brightness, atol=1e-2)


def test_equal_seeds_give_equal_changes_and_others_other_ones(images):
    settings = Augmentation(flip="both")
    first, again, other = (augment(images, tf.constant(seed), settings).numpy() for seed in ([1, 2], [1, 2], [1, 3]))
    np.testing.assert_array_equal(first, again)
    assert not np.allclose(first, other)


def test_eager_and_graph_agree_and_shape_is_known(images):
    compiled = tf.function(lambda batch: augment(batch, SEED, Augmentation()))
    assert compiled.get_concrete_function(images).output_shapes == images.shape
    np.testing.assert_allclose(compiled(images), augment(images, SEED, Augmentation()), atol=1e-2)


def test_augmentation_runs_inside_tf_data(images):
    dataset = tf.data.Dataset.from_tensors(images).map(lambda batch: augment(batch, SEED, Augmentation()))
    np.testing.assert_allclose(next(iter(dataset)), augment(images, SEED, Augmentation()), atol=1e-2)
