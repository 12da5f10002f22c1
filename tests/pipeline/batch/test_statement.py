from collections import Counter

import pytest

from pipeline.batch.results import Totals
from pipeline.batch.statement import counted, statement_path
from pipeline.errors import MedtfxError


def test_files_seen_are_those_predicted_set_aside_and_skipped():
    counts = counted(10, Totals(7, Counter(truncated=1, no_pixels=2)), {"hidden": 4})
    assert counts == {"seen": 14, "predicted": 7, "set_aside": {"no_pixels": 2, "truncated": 1}, "skipped": {"hidden": 4}}


@pytest.mark.parametrize("predicted", [6, 8])
def test_sum_that_is_wrong_is_an_error(predicted):
    with pytest.raises(MedtfxError, match="10 images were planned"):
        counted(10, Totals(predicted, Counter(truncated=3)), {})


def test_statement_lies_beside_the_results(tmp_path):
    assert statement_path(tmp_path / "a.csv") == tmp_path / "a.csv.summary.json"
