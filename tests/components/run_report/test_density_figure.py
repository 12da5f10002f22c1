from typing import Any

import numpy as np
import pandas as pd
import pytest
import tensorflow_data_validation as tfdv

from components.run_report.density_figure import draw_densities, histogram_of


def numbers(values: list[float]) -> Any:
    """Return the numeric statistics of some values."""
    (found,) = tfdv.generate_statistics_from_dataframe(pd.DataFrame({"mean": values}), n_jobs=1).datasets[0].features
    return found.num_stats


def test_area_below_a_density_is_one_and_it_spans_the_values() -> None:
    found = histogram_of(numbers([0.1, 0.2, 0.2, 0.9]))
    assert found is not None
    edges, densities = found
    assert (edges[0], edges[-1]) == pytest.approx((0.1, 0.9))
    assert np.diff(edges) @ densities == pytest.approx(1.0)


@pytest.mark.parametrize("values", [[0.5, 0.5], []])
def test_one_value_or_none_has_no_density(values: list[float]) -> None:
    assert histogram_of(numbers(values)) is None


def test_figure_tells_property_and_sets_and_its_bytes_are_reproducible() -> None:
    histograms = {"last <accepted>": ([0.0, 1.0], [1.0]), "now": ([0.5, 1.0, 1.5], [0.5, 1.5])}
    drawn = draw_densities("drift-0", "mean brightness", histograms)
    assert 'aria-label="mean brightness, distributions: last &lt;accepted&gt;, now"' in drawn
    assert ">now</text>" in drawn
    assert drawn == draw_densities("drift-0", "mean brightness", histograms)
