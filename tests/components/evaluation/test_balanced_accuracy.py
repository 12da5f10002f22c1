from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import balanced_accuracy_score

from components.evaluation.balanced_accuracy import mean_recall

PAIRS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=60)


@pytest.mark.filterwarnings("ignore:y_pred contains classes not in y_true")
@pytest.mark.filterwarnings("ignore:A single label was found")
@given(PAIRS)
def test_mean_recall_is_scikit_learns_balanced_accuracy(pairs: list[tuple[int, int]]) -> None:
    actual, predicted = zip(*pairs, strict=True)
    expected = balanced_accuracy_score(actual, predicted)
    assert mean_recall({pair: float(count) for pair, count in Counter(pairs).items()}) == pytest.approx(expected)


def test_nothing_has_no_recall() -> None:
    assert mean_recall({}) != mean_recall({})
