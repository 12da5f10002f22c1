import pytest
from tensorflow.python.framework import config

from models.determinism import deterministic_ops


def test_op_determinism_is_on_inside_and_off_after():
    with deterministic_ops():
        assert config.is_op_determinism_enabled()
    assert not config.is_op_determinism_enabled()


def test_op_determinism_is_off_after_an_error():
    with pytest.raises(RuntimeError, match="stop"), deterministic_ops():
        raise RuntimeError("stop")
    assert not config.is_op_determinism_enabled()


def test_op_determinism_that_was_on_stays_on():
    with deterministic_ops():
        with deterministic_ops():
            pass
        assert config.is_op_determinism_enabled()
