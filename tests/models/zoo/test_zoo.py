import keras
import numpy as np
import pytest

from models import zoo

NAMES = ["article_cnn", "compact_resnet"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
def test_probabilities_are_float32_rows_that_sum_to_one(name, dtype):
    model = zoo.build(name, (32, 32, 1), 3, dtype=dtype)
    probabilities = model(np.random.default_rng(0).normal(size=(5, 32, 32, 1)).astype(np.float32)).numpy()
    assert probabilities.dtype == np.float32
    assert probabilities.shape == (5, 3)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_weights_are_float32_in_mixed_precision(name):
    model = zoo.build(name, (32, 32, 1), 2, dtype="mixed_bfloat16")
    assert {str(variable.dtype) for variable in model.variables} == {"float32"}


@pytest.mark.parametrize("name", NAMES)
def test_equal_seeds_give_equal_weights_and_other_seeds_others(name):
    def kernels(seed):
        return [
            variable.numpy() for variable in zoo.build(name, (32, 32, 1), 2, seed=seed).variables if "kernel" in variable.path
        ]

    first, again, other = kernels(1), kernels(1), kernels(2)
    assert all(np.array_equal(ours, theirs) for ours, theirs in zip(first, again, strict=True))
    assert not any(np.array_equal(ours, theirs) for ours, theirs in zip(first, other, strict=True))


def test_building_leaves_the_global_policy_alone():
    before = keras.config.dtype_policy().name
    zoo.build("compact_resnet", (32, 32, 1), 2, dtype="mixed_bfloat16")
    assert keras.config.dtype_policy().name == before


def test_unknown_name_is_refused():
    with pytest.raises(ValueError, match="expected article_cnn or compact_resnet"):
        zoo.build("resnet_9000", (32, 32, 1), 2)
