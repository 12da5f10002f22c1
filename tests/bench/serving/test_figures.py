"""Arithmetic of the server's figures."""

import pytest

from bench.serving.precision import figures as precision_figures
from bench.serving.raw_requests import Cost
from bench.serving.throughput import figures


def test_throughput_is_a_median_of_ratios_in_each_round():
    rounds = [(Cost(100, 1.0, 1.0), Cost(100, 2.0, 1.0)), (Cost(100, 1.0, 1.0), Cost(100, 1.25, 2.0)), (Cost(100, 9.0, 1.0),) * 2]
    found = figures(rounds)
    assert found["server / in_process, images per second"] == pytest.approx(0.8)
    assert found["in_process / server, processor"] == 1
    assert found["server"]["images_per_second"] == 50


def test_speed_is_relative_to_the_reference_of_the_same_round():
    found = precision_figures([(0.5, 0.25), (2.0, 0.5)], [(1.0, 1.0), (4.0, 2.0)])
    assert found["speed / float32"] == 2
    assert found["speed / float32, processor"] == 4
