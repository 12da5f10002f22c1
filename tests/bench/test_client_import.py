"""The measurement of imports."""

import pytest

from bench.client_import import cost


def test_memory_is_that_of_the_process_alone() -> None:
    nothing, filled = cost("pass", 1), cost("content = bytes(range(256)) * 2**17", 1)
    assert filled["mb"] - nothing["mb"] == pytest.approx(32, abs=4)
