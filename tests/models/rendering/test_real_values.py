import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from models.rendering.real_values import render_values


def test_window_begins_and_ends_where_the_standard_says() -> None:
    values = np.array([[-2000, -160, 39, 40, 239, 2000]], np.int16)
    # Centre 40, width 400 (PS3.3 C.11.2.1.2.1): 255 * (39 + 160) / 399 = 127.2 and 255 * 200 / 399 = 127.8
    assert render_values(values, [(40, 400)]).tolist() == [[0, 0, 127, 128, 255, 255]]


def test_several_windows_become_channels() -> None:
    values = np.arange(12.0).reshape(3, 4)
    levels = render_values(values, [(6, 12), (3, 4), (9, 2)])
    assert levels.shape == (3, 4, 3)
    np.testing.assert_array_equal(levels[..., 1], render_values(values, [(3, 4)]))


def test_without_window_the_whole_range_counts() -> None:
    assert render_values(np.array([[-5, 0, 5]], np.int8), []).tolist() == [[0, 128, 255]]
    assert render_values(np.array([[0, 2**63]], np.uint64), []).tolist() == [[0, 255]]


def test_what_is_not_finite_is_black_and_counts_in_no_range() -> None:
    values = np.array([[np.nan, 1.0, 2.0, 3.0, -np.inf]])
    assert render_values(values, []).tolist() == [[0, 0, 128, 255, 0]]
    assert render_values(values, [(2, 3)]).tolist() == [[0, 64, 191, 255, 0]]
    assert render_values(np.full((1, 2), np.nan), []).tolist() == [[0, 0]]


def test_flat_image_is_black() -> None:
    assert not render_values(np.full((2, 2), 7), []).any()


@given(st.lists(st.floats(allow_nan=True, width=64), min_size=2, max_size=6))
def test_levels_rise_with_the_values_whatever_they_are(values: list[float]) -> None:
    rising = np.sort(values)  # what is no number comes last
    levels = render_values(rising[np.newaxis], [])[0].astype(int)
    counted = np.abs(rising) < 1e300
    assert (np.diff(levels[counted]) >= 0).all()
