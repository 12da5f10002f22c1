"""Statistics of a few images, as TFDV makes them."""

from collections.abc import Callable, Sequence

import pandas as pd
import pytest
import tensorflow_data_validation as tfdv

from components.data_gate.distance import Statistics


@pytest.fixture(scope="session")
def statistics_of() -> Callable[..., Statistics]:
    """Return a function that measures columns, each given by its values."""

    def measure(**columns: Sequence[str | float]) -> Statistics:
        return tfdv.generate_statistics_from_dataframe(pd.DataFrame(columns), n_jobs=1)

    return measure
