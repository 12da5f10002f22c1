import numpy as np
import pytest

from models.rendering.grey_levels import eight_bit, is_window, whole_range, window_rule


def test_linear_window_follows_the_formula_of_the_standard() -> None:
    # PS3.3 C.11.2.1.2.1 for center 2048, width 4096: ((x - 2047.5) / 4095 + 0.5) * 255
    values = np.array([-1, 0, 1, 2047, 4095, 5000])
    expected = [0, 0, 255 / 4095, (-0.5 / 4095 + 0.5) * 255, 255, 255]
    np.testing.assert_allclose(window_rule(2048, 4096)(values), expected, rtol=1e-12)


def test_linear_window_of_width_1_is_a_threshold() -> None:
    # C.11.2.1.2.1 Note: at width 1 everything up to center - 0.5 is black, the rest white
    np.testing.assert_array_equal(window_rule(40, 1)(np.array([39, 39.5, 40])), [0, 0, 255])


def test_exact_window_maps_its_ends_to_black_and_white() -> None:
    # C.11.2.1.3.2: ((x - 127) / 254 + 0.5) * 255 for center 127, width 254
    values = np.array([-1, 0, 127, 254, 300])
    np.testing.assert_allclose(window_rule(127, 254, "LINEAR_EXACT")(values), [0, 0, 127.5, 255, 255])


def test_sigmoid_window_follows_the_formula_of_the_standard() -> None:
    # C.11.2.1.3.1: 255 / (1 + exp(-4 (x - 50) / 100)) at 0, 50 and 100
    expected = [255 / (1 + np.e**2), 127.5, 255 / (1 + np.e**-2)]
    np.testing.assert_allclose(window_rule(50, 100, "SIGMOID")(np.array([0.0, 50, 100])), expected)


@pytest.mark.parametrize(
    ("window", "allowed"),
    [
        ((40, 400, "LINEAR"), True),
        ((40, 1, "LINEAR"), True),
        ((40, 0.5, "LINEAR"), False),
        ((40, 0.5, "LINEAR_EXACT"), True),
        ((40, 0, "SIGMOID"), False),
        ((None, 400, "LINEAR"), False),
        ((40, None, "LINEAR"), False),
        ((float("nan"), 400, "LINEAR"), False),
    ],
)
def test_only_windows_of_the_standard_count(window, allowed: bool) -> None:
    assert is_window(*window) is allowed


def test_whole_range_runs_from_black_to_white_and_one_value_is_black() -> None:
    np.testing.assert_array_equal(whole_range(np.array([-10.0, 0, 10])), [0, 127.5, 255])
    np.testing.assert_array_equal(whole_range(np.array([7.0, 7])), [0, 0])


def test_levels_are_rounded_half_up_and_clipped() -> None:
    np.testing.assert_array_equal(eight_bit(np.array([-3, 0.49, 0.5, 1.5, 254.5, 300])), [0, 0, 1, 2, 255, 255])
