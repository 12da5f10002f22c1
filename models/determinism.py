"""Equal weights from equal seeds: TensorFlow's op determinism, for as long as a training lasts."""

from collections.abc import Iterator
from contextlib import contextmanager

from tensorflow.python.framework import config as framework_config  # no public name switches it off again


@contextmanager
def deterministic_ops() -> Iterator[None]:
    """Switch op determinism on, and back to what it was: other nodes work in the same process."""
    was_on = framework_config.is_op_determinism_enabled()
    framework_config.enable_op_determinism()
    try:
        yield
    finally:
        if not was_on:
            framework_config.disable_op_determinism()
