import subprocess
import sys

import numpy as np
import pytest
from apache_beam.internal import pickler
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from components.evaluation.auc import OneAgainstRestAuc, auc_by_class


@given(st.integers(0, 2**32 - 1), st.integers(2, 5), st.integers(0, 2))
def test_mean_is_scikit_learns_macro_average(seed: int, classes: int, decimals: int) -> None:
    random = np.random.default_rng(seed)
    labels = np.concatenate([np.arange(classes), random.integers(0, classes, 30)])
    shares = random.dirichlet(np.ones(classes), len(labels)).round(decimals + 1)  # rounding makes ties
    shares[:, -1] = 1 - shares[:, :-1].sum(axis=1)
    expected = [roc_auc_score(labels == class_id, shares[:, class_id]) for class_id in range(classes)]
    assert auc_by_class(labels, shares) == pytest.approx(expected)


def test_class_that_no_example_has_has_no_area() -> None:
    areas = auc_by_class(np.array([0, 1, 0]), np.array([[0.9, 0.1, 0.0], [0.2, 0.8, 0.0], [0.7, 0.3, 0.0]]))
    assert areas[:2].tolist() == [1.0, 1.0]
    assert np.isnan(areas[2])


def test_probabilities_that_are_no_numbers_have_no_area() -> None:
    assert np.isnan(auc_by_class(np.array([0, 1]), np.full((2, 2), np.nan))).all()


def test_worker_that_has_imported_nothing_combines_what_it_is_sent() -> None:
    (computation,) = OneAgainstRestAuc(2).computations()
    lines = (
        "import sys; from pipeline.loading import tensorflow_loading",
        "with tensorflow_loading():  # what it is sent names, as quickly as a command loads it",
        "    from apache_beam.internal import pickler; combiner = pickler.loads(sys.stdin.buffer.read())",
        "print(list(combiner.extract_output(combiner.merge_accumulators([([0], [0.9, 0.1]), ([1], [0.2, 0.8])])).values()))",
    )
    worker = [sys.executable, "-c", "\n".join(lines)]
    done = subprocess.run(worker, input=pickler.dumps(computation.combiner), capture_output=True, check=True)
    assert done.stdout.splitlines()[-1] == b"[1.0, 1.0, 1.0]"
